/*
 * build.h - makes a chunk out of records, in ordinary memory: for the text form, for the totals ctrace-run writes at the end, and
 * for tests.  The traced process has its own way (src/capture); this one knows no arena, no signals and no clock.
 */
#ifndef CT_FILE_BUILD_H
#define CT_FILE_BUILD_H

#include "decode.h"
#include "encode.h"

struct ct_builder {
	struct ct_chunk chunk;
	struct ct_predict predict;
	uint64_t ticks; /* running time */
	uint32_t used, records;
};

/*
 * ct_builder_start - begin a chunk; head gives slot, sequence, process, thread, tid, lost, base_ticks, base_mono_ns, epoch
 * Context: tools; no allocation.
 */
void ct_builder_start(struct ct_builder *b, const struct ct_chunk *head);

/*
 * ct_builder_add - append one record; r->ticks earlier than the running time makes a record with CT_TAG_BACK
 * Events of later versions are written from r->v as they are.
 * Returns 0, or -ENOSPC when it does not fit.
 * Context: tools; no allocation.
 */
int ct_builder_add(struct ct_builder *b, const struct ct_record *r);

/*
 * ct_builder_torn - reserve bytes that no record was written to
 * Returns 0, or -ENOSPC.
 * Context: tools; no allocation.
 */
int ct_builder_torn(struct ct_builder *b, uint32_t bytes);

/*
 * ct_builder_seal - finish the head; b->chunk is then a sealed chunk
 * Context: tools; no allocation.
 */
void ct_builder_seal(struct ct_builder *b);

#endif
