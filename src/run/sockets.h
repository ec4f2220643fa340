/*
 * sockets.h - what a socket of a process is connected to, by its inode, from the tables in /proc/PID/net.
 *
 * The tables list every connection of the network namespace, so reading them for each socket would cost more than the program's own
 * work; they are read once a second at most, and kept.
 */
#ifndef CT_RUN_SOCKETS_H
#define CT_RUN_SOCKETS_H

#include <stddef.h>
#include <stdint.h>

#include "run/set.h"

struct ct_sockets {
	struct ct_set known; /* inode -> offset + 1 in text */
	char *text;
	size_t used, room;
	uint32_t pid;	      /* whose tables */
	uint64_t read_second; /* when; 0: never */
};

/*
 * ct_sockets_name - "tcp 127.0.0.1:6379 -> 127.0.0.1:41234", "unix socket /run/x"; NULL when it is not in the tables (yet)
 * @second: now, to know whether the tables may be read again
 * Context: tools.
 */
const char *ct_sockets_name(struct ct_sockets *s, uint32_t pid, uint64_t inode, uint64_t second);

void ct_sockets_free(struct ct_sockets *s);

#endif
