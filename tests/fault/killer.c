/*
 * killer.c - runs a tracer over storm and kills one of them, or both, at a given moment.
 *
 *	killer program|run|both|none MICROSECONDS PAGE -- LAUNCHER... storm PAGE WAITS
 *
 * The time counts from when storm's threads are at work.  The waits that are over are read from the
 * page just before the first signal.  killer then waits until every process is gone (it adopts
 * orphans: storm lives on when its launcher dies) and prints
 *	program STATUS		exit status, or 128+signal; - when only its launcher could know
 *	run STATUS
 *	thread TID WAITS	four times
 * It gives up, killing all, after 60 seconds.  Exit 0 unless something could not be done at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "storm.h"

enum { GIVE_UP_SECONDS = 60 };

static pid_t launcher, program;

static void must(bool is_good, const char *what)
{
	if (is_good)
		return;
	fprintf(stderr, "killer: %s: %s\n", what, strerror(errno));
	if (program)
		kill(program, SIGKILL);
	if (launcher)
		kill(launcher, SIGKILL);
	exit(1);
}

static void give_up(int sig)
{
	static const char text[] = "killer: still running after a minute\n";

	(void)sig;
	if (write(2, text, sizeof(text) - 1) < 0)
		_exit(3);
	if (program)
		kill(program, SIGKILL);
	kill(launcher, SIGKILL);
	_exit(3);
}

static struct storm_page *new_page(const char *path)
{
	struct storm_page *page;
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0, path);
	must(!ftruncate(fd, sizeof(*page)), path);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(page != MAP_FAILED, path);
	close(fd);
	return page;
}

static void nap(long us)
{
	struct timespec ts = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	nanosleep(&ts, NULL);
}

/* Until storm works; its launcher may end before that, which is a failure to report. */
static void await_program(struct storm_page *page)
{
	while (!(program = atomic_load(&page->pid))) {
		siginfo_t info = {0};

		if (!waitid(P_PID, (id_t)launcher, &info, WEXITED | WNOHANG | WNOWAIT))
			must(!info.si_pid, "the launcher ended before the program began");
		nap(200);
	}
}

static void print_status(const char *who, int status)
{
	if (status < 0)
		printf("%s -\n", who);
	else
		printf("%s %d\n", who,
		       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int main(int argc, char **argv)
{
	int program_status = -1, launcher_status = -1, status;
	uint64_t waits[STORM_THREADS];
	bool kill_program, kill_launcher;
	struct storm_page *page;
	long us;
	pid_t pid;

	if (argc < 6 || strcmp(argv[4], "--"))
		return 2;
	kill_program = !strcmp(argv[1], "program") || !strcmp(argv[1], "both");
	kill_launcher = !strcmp(argv[1], "run") || !strcmp(argv[1], "both");
	us = atol(argv[2]);
	page = new_page(argv[3]);
	must(!prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl");
	launcher = fork();
	must(launcher >= 0, "fork");
	if (!launcher) {
		execvp(argv[5], argv + 5);
		fprintf(stderr, "killer: %s: %s\n", argv[5], strerror(errno));
		_exit(127);
	}
	signal(SIGALRM, give_up);
	alarm(GIVE_UP_SECONDS);
	await_program(page);
	nap(us);

	for (int i = 0; i < STORM_THREADS; i++)
		waits[i] = atomic_load(&page->thread[i].waits);
	if (kill_launcher && us % 2) /* either may be the first to die */
		kill(launcher, SIGKILL);
	if (kill_program)
		kill(program, SIGKILL);
	if (kill_launcher)
		kill(launcher, SIGKILL);
	while ((pid = wait(&status)) > 0 || errno == EINTR) {
		if (pid == launcher)
			launcher_status = status;
		if (pid == program)
			program_status = status;
	}
	print_status("program", program_status);
	print_status("run", launcher_status);
	for (int i = 0; i < STORM_THREADS; i++)
		printf("thread %d %llu\n", (int)page->thread[i].tid, (unsigned long long)waits[i]);
	return 0;
}
