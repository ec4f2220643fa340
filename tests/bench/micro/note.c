/*
 * note.c - what a program pays for saying what it does: a region's beginning and end, and a message.
 */
#include <ctrace/ctrace.h>

#include "micro.h"

void bench_region(struct bench_run *run)
{
	bench_begin(run);
	for (long i = 0; i < run->n; i++)
		ctrace_region_end(ctrace_region_begin("bench region", 0));
	bench_end(run);
}

void bench_log(struct bench_run *run)
{
	bench_begin(run);
	for (long i = 0; i < run->n; i++)
		ctrace_log(0, "bench", "trace_id=4bf92f3577b34da6a3ce929d0e0e4736");
	bench_end(run);
}
