/*
 * block_time.c - how long threads were blocked, by the function they began in and by reason.
 *
 *	block_time p.ctrace
 *	cc block_time.c $(pkg-config --cflags --libs ctrace-reader)
 *
 * What it shows.  An analyser of one's own takes a page: go through the states of all threads in order of time, and add up what is
 * asked for.  Waits too short for a record are in no state; their sums come from ctr_sum_short_ns().
 */
#include <ctrace/reader.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASONS (CTR_REASON_IDLE + 1)

static struct row {
	const char *start;
	uint64_t threads, all, ns[REASONS];
} * rows;
static size_t count;

static struct row *row_of(struct ctr_trace *t, uint32_t thread)
{
	const char *start = ctr_thread_start(t, thread);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(rows[i].start, start))
			return &rows[i];
	rows = realloc(rows, (count + 1) * sizeof(*rows));
	if (!rows)
		exit(2);
	rows[count] = (struct row){.start = start};
	return &rows[count++];
}

static void add(struct row *r, enum ctr_reason reason, uint64_t ns)
{
	r->ns[reason < REASONS ? reason : CTR_REASON_UNKNOWN] += ns;
	r->all += ns;
}

int main(int argc, char **argv)
{
	char why[256] = "usage: block_time FILE";
	struct ctr_trace *t;
	struct ctr_walk *w;

	if (argc != 2 || ctr_open(argv[1], NULL, &t, why, sizeof(why)) < 0)
		return fprintf(stderr, "%s\n", why), 2;
	if (ctr_walk_open(t, NULL, &w) < 0)
		return fprintf(stderr, "%s\n", ctr_error(t)), 2;
	while (ctr_walk_next(w) == 1) {
		if (ctr_item_kind(w) == CTR_ITEM_BEGIN)
			row_of(t, ctr_item_thread(w))->threads++;
		else if (ctr_item_state(w) == CTR_STATE_BLOCKED)
			add(row_of(t, ctr_item_thread(w)), ctr_item_reason(w),
			    ctr_item_end_ns(w) - ctr_item_ns(w));
	}
	for (uint32_t i = 0; i < ctr_sums(t); i++)
		add(row_of(t, ctr_sum_thread(t, i)), ctr_sum_reason(t, i), ctr_sum_short_ns(t, i));
	for (struct row *r = rows; r < rows + count; r++) {
		printf("%12" PRIu64 " ns  %s, %" PRIu64 " threads:", r->all, r->start, r->threads);
		for (int k = 0; k < REASONS; k++)
			if (r->ns[k])
				printf(" %s %" PRIu64, ctr_reason_name(k), r->ns[k]);
		putchar('\n');
	}
	for (uint32_t i = 0; i < ctr_notes(t); i++)
		fprintf(stderr, "note: %s\n", ctr_note(t, i));
	ctr_walk_close(w);
	ctr_close(t);
	return 0;
}
