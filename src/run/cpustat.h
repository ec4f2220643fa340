/*
 * cpustat.h - how long each CPU was idle, and how long the machine under a virtual one took it away, as the kernel counts for all programs
 * (/proc/stat): read once in a while, and written into the trace as cpu_idle records.  With the switches of the traced threads it tells idle CPUs
 * from those that other programs had.
 */
#ifndef CT_RUN_CPUSTAT_H
#define CT_RUN_CPUSTAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CT_CPUSTAT_PAUSE_NS 100000000u

struct ct_slot;

/* Counts of a CPU since it was started, in the kernel's units (hundredths of a second), and when they were read. */
struct ct_cpustat_count {
	uint64_t idle, stolen;
	uint64_t ticks, ns; /* CLOCK_MONOTONIC */
};

struct ct_cpustat_cpu {
	struct ct_cpustat_count told, seen; /* by the last record; at the last look */
	uint64_t look;			    /* number of the last one that found it; 0: none */
};

struct ct_cpustat {
	int fd;		      /* of /proc/stat; -1: it is not to be read */
	struct ct_slot *slot; /* ctrace-run's own, for the records */
	char *text;
	size_t room;
	struct ct_cpustat_cpu *cpu; /* by number */
	unsigned cpu_n;
	uint64_t look, ticks, ns; /* number and time of this look */
	uint64_t next_ns;
	bool last; /* whatever was seen is told */
};

/*
 * ct_cpustat_parse - the CPUs in the text of /proc/stat that have whole lines
 * @take: called for each with its number, and what it was idle (or waited for a disk) and what was stolen, in hundredths of a second
 * Returns false when the text ends before the lines of CPUs do.
 * Context: tools.
 */
bool ct_cpustat_parse(const char *text,
		      void (*take)(void *arg, unsigned long cpu, uint64_t idle, uint64_t stolen),
		      void *arg);

/*
 * ct_cpustat_open - look for the first time; does nothing from then on where there is nothing to be read
 * Context: tools.
 */
void ct_cpustat_open(struct ct_cpustat *s, struct ct_slot *slot);

/*
 * ct_cpustat_look - once in a while, look and tell; all looks together take at most 0.5 % of one CPU
 * @now_ns: CLOCK_MONOTONIC
 * Context: tools.
 */
void ct_cpustat_look(struct ct_cpustat *s, uint64_t now_ns);

/*
 * ct_cpustat_last - look now, and tell all that was seen: recording ends
 * Context: tools.
 */
void ct_cpustat_last(struct ct_cpustat *s);

void ct_cpustat_close(struct ct_cpustat *s);

#endif
