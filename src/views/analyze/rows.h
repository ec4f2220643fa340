/*
 * rows.h - the lines of the views: objects that are the same to a person, with everything that was waited on them.
 *
 * A row is one object, or all objects of one variable (an array of locks), or all that were created at one place, or first
 * waited for at one place, within one process.  Descriptors are told apart by operation; sleeps, polls and joins by where they
 * are.  With
 * options.each every object has a row of its own.
 */
#ifndef CT_VIEWS_ROWS_H
#define CT_VIEWS_ROWS_H

#include "views/analyze/view.h"

/* What the objects of a row have in common; the others are private to rows_int.h. */
#define CT_ROW_OBJECT 0u
#define CT_ROW_CALLS  6u /* nothing: it is calls that have no record, and the longest is not known */

struct ct_row {
	uint32_t kind;	  /* enum ct_kind */
	uint32_t process; /* of several, the one they were forked from */
	bool forks;	  /* of more processes than that one */
	uint32_t op;	  /* the one with most time */
	uint32_t object;  /* the one with most time */
	uint32_t objects; /* how many */
	uint32_t shared;  /* of them between processes */
	uint32_t sharers; /* processes that have the one of these that most have */
	uint32_t how;	  /* rows_int.h: what the objects have in common */
	uint64_t waits, short_waits, open, timeouts;
	uint64_t abandoned, abandoned_total; /* in none of the other figures */
	uint64_t total, short_total, max;    /* ticks */
	uint64_t p50, p99;		     /* ticks */
	uint64_t part_waits[CT_WHYS], part_total[CT_WHYS];
	uint64_t index_lo, index_hi; /* array elements; lo > hi: not an array */
	uint64_t object_total;	     /* of `object`; of `op` */
	uint64_t op_total;
	uint32_t site;		      /* stack: sleeps and polls */
	uint32_t cells, edges, parts; /* firsts in ct_rows' orders */
};

struct ct_rows {
	struct ct_row *row; /* most time first */
	uint32_t count;
	uint32_t *cell, *edge, *part; /* numbers in the model, row after row */
	uint64_t waits, total;	      /* of all rows */
};

/* What went into a row, summed by something: a stack, a thread, a pair of threads. */
struct ct_share {
	uint64_t id; /* what enum ct_share_by says */
	uint64_t count, total;
};

struct ct_shares {
	struct ct_share *share; /* most time first */
	size_t count;
	uint64_t waits, total;
};

#define CT_WHY_BIT(why) (1u << (why))
#define CT_WHY_ALL	((1u << CT_WHYS) - 1)
#define CT_KINDS_LOCKS	(1u << CT_KIND_MUTEX | 1u << CT_KIND_RWLOCK | 1u << CT_KIND_SPIN)
#define CT_KINDS_SYNC                                                                              \
	(CT_KINDS_LOCKS | 1u << CT_KIND_COND | 1u << CT_KIND_SEM | 1u << CT_KIND_BARRIER |         \
	 1u << CT_KIND_ONCE | 1u << CT_KIND_THREAD | 1u << CT_KIND_FUTEX)
#define CT_KINDS_ALL UINT32_MAX

/*
 * ct_rows_build - rows of everything the filter lets through
 * @whys, @kinds: bits of enum ct_why and enum ct_kind; contention is of every kind, there are locks on descriptors
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_rows_build(struct ct_view *v, uint32_t whys, uint32_t kinds, struct ct_rows *out);

/*
 * ct_rows_free - NULL members are allowed
 * Context: tools.
 */
void ct_rows_free(struct ct_rows *rows);

/*
 * ct_row_percentiles - fill in p50 and p99 of a row, which ct_rows_build() leaves 0 because few rows are printed
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_row_percentiles(struct ct_view *v, struct ct_rows *rows, uint32_t row);

/*
 * ct_row_name - "mutex cache_lock in memcached.c:120", "mutex item_locks[0..63] in thread.c:60 (64 objects)"
 * Context: tools.
 */
char *ct_row_name(struct ct_view *v, const struct ct_row *r, char *buf, size_t size);

/*
 * ct_row_object - the same without the kind
 * Context: tools.
 */
char *ct_row_object(struct ct_view *v, const struct ct_row *r, char *buf, size_t size);

/*
 * ct_row_is_called - is `name` what was printed of an object, or its beginning up to the end of a word?
 * Context: tools.
 */
bool ct_row_is_called(const char *printed, const char *name);

enum ct_share_by {
	CT_BY_WAITER_STACK,
	CT_BY_HOLDER_PLACE, /* who ended the waits or stood in their way, by the stack it let go at: see ct_share_stack() */
	CT_BY_HOLDER, /* the same by thread: CT_SHARE_THREAD() or CT_SHARE_TID() */
	CT_BY_WAITER, /* serial */
	CT_BY_WAKER,  /* serial, 0 unknown, or CT_SHARE_TID() of who was not traced */
	CT_BY_OWNER,  /* tid, 0 unknown */
	CT_BY_PAIR    /* waiter << 32 | waker */
};

/* Holders: a stack where one let go; else a thread, by serial, or by tid when the trace does not know it; 0 unknown. */
#define CT_SHARE_THREAD(serial) ((uint64_t)(serial) << 32)
#define CT_SHARE_TID(tid)	(1ull << 63 | (uint64_t)(tid))

static inline uint32_t ct_share_stack(uint64_t id)
{
	return id >> 32 ? 0 : (uint32_t)id;
}

static inline uint32_t ct_share_serial(uint64_t id)
{
	return id >> 63 ? 0 : (uint32_t)(id >> 32);
}

static inline uint32_t ct_share_tid(uint64_t id)
{
	return id >> 63 ? (uint32_t)id : 0;
}

/*
 * ct_row_shares - what a row consists of; free(out->share) when done
 * Waiters count tallied waits too; wakers and owners are known of recorded waits only, holders also of waits that have not ended.
 * Returns 0 or -ENOMEM.
 * Context: tools.
 */
int ct_row_shares(struct ct_view *v, const struct ct_rows *rows, uint32_t row, enum ct_share_by by,
		  struct ct_shares *out);

#endif
