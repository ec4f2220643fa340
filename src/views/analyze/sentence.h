/*
 * sentence.h - the answer in one sentence, and where the time went: the first lines of report and summary.
 */
#ifndef CT_VIEWS_SENTENCE_H
#define CT_VIEWS_SENTENCE_H

#include "views/analyze/rows.h"

/* Reasons that count as waiting. */
#define CT_WHY_BUSY (CT_WHY_BIT(CT_WHY_LOCK) | CT_WHY_BIT(CT_WHY_OTHERS) | CT_WHY_BIT(CT_WHY_IO))

/* Waits by reason, over everything the filter lets through. */
struct ct_sums {
	uint64_t waits[CT_WHYS], total[CT_WHYS]; /* total: ticks */
	uint64_t short_waits;
	uint64_t waited; /* ticks, without short calls, sleep and idle, in which nobody kept it */
	uint64_t abandoned, abandoned_total; /* in no other figure; ticks, at most */
	uint32_t threads, processes;
};

/*
 * ct_sums_of - add it up
 * Context: tools.
 */
void ct_sums_of(struct ct_view *v, struct ct_sums *out);

/*
 * ct_sums_contended - is contention what the sentence is about?  Then v->states tells it what holders did
 * Context: tools.
 */
bool ct_sums_contended(const struct ct_sums *sums);

/*
 * ct_sentence - "Threads waited 12.3 s; 81 % of it for mutex cache_lock in memcached.c:120, mostly held by ..."
 * @busy: rows of CT_WHY_BUSY
 * Returns buf.
 * Context: tools.
 */
char *ct_sentence(struct ct_view *v, const struct ct_sums *sums, const struct ct_rows *busy,
		  char *buf, size_t size);

#endif
