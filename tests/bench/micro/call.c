/*
 * call.c - calls that are many and cheap: threads, reads and sends that do not block, sleeps.
 *
 * read_fast runs with one thread alive, on purpose: the kernel's file-descriptor path is 50 ns
 * cheaper then, and a tracer that starts a helper thread takes that away from every program.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "micro.h"

static void *nothing(void *p)
{
	return p;
}

void bench_create_join(struct bench_run *run)
{
	pthread_t id;

	bench_begin(run);
	for (long i = 0; i < run->n; i++) {
		bench_must(pthread_create(&id, NULL, nothing, NULL), "pthread_create");
		bench_must(pthread_join(id, NULL), "pthread_join");
	}
	bench_end(run);
	run->waits = (uint64_t)run->n;
}

void bench_read_fast(struct bench_run *run)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	char byte;

	bench_must(fd < 0 ? errno : 0, "/dev/zero");
	bench_begin(run);
	for (long i = 0; i < run->n; i++)
		if (read(fd, &byte, 1) != 1)
			bench_must(errno, "read");
	bench_end(run);
	close(fd);
}

void bench_send_fast(struct bench_run *run)
{
	enum {
		BURST = 128 /* far below what a socket buffers, one byte a message */
	};
	int ends[2];
	char bytes[BURST] = {0};

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		bench_must(errno, "socketpair");
	run->n = (run->n + BURST - 1) / BURST * BURST;
	bench_begin(run);
	for (long i = 0; i < run->n; i += BURST) {
		for (int k = 0; k < BURST; k++)
			if (send(ends[0], bytes, 1, MSG_NOSIGNAL) != 1)
				bench_must(errno, "send");
		if (recv(ends[1], bytes, sizeof(bytes), MSG_WAITALL) != BURST)
			bench_must(errno, "recv");
	}
	bench_end(run);
	close(ends[0]);
	close(ends[1]);
}

static void *sleeper_body(void *p)
{
	struct bench_arg *arg = p;
	long n = arg->run->n / arg->run->threads;
	struct timespec nap = {.tv_nsec = 100000};

	bench_ready(arg);
	for (long i = 0; i < n; i++)
		nanosleep(&nap, NULL);
	return NULL;
}

void bench_sleepers(struct bench_run *run)
{
	long each = run->n / run->threads;

	run->n = (each ? each : 1) * run->threads;
	bench_threads(run, run->threads, sleeper_body, NULL);
	run->waits = (uint64_t)run->n;
}
