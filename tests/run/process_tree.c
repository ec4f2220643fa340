/*
 * process_tree.c - makes a process in every way there is; each ends in its own way, when it is told to.
 *
 *	process_tree		starts them all
 *	process_tree leaf N	reads a byte from descriptor 9 and exits with N
 *	process_tree chain N	reads a byte from descriptor 8 and becomes a leaf
 *
 * Run by process_tree.sh, which lets them go (a byte each) when ctrace-run has seen them: descriptor 8 first, then 9.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char self[] = "/proc/self/exe";

static void wait_at(int gate)
{
	char c;

	while (read(gate, &c, 1) < 0 && errno == EINTR)
		;
}

static void become(const char *what, const char *number)
{
	execl(self, "process_tree", what, number, (char *)NULL);
	_exit(127);
}

static void make_daemon(void)
{
	if (fork() == 0) {
		setsid();
		if (fork() == 0) {
			wait_at(9);
			_exit(15);
		}
		_exit(0);
	}
	wait(NULL);
}

static void start_all(void)
{
	char *leaf[] = {(char[]){"process_tree"}, (char[]){"leaf"}, (char[]){"13"}, NULL};
	pid_t pid;

	if (fork() == 0) {
		wait_at(8);
		_exit(11);
	}
	if (fork() == 0) {
		wait_at(8);
		raise(SIGUSR1);
	}
	pid = vfork();
	if (pid == 0)
		become("leaf", "12");
	if (posix_spawn(&pid, self, NULL, NULL, leaf, environ))
		exit(1);
	if (fork() == 0)
		become("chain", "14");
	if (fork() == 0) {
		if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
			_exit(1);
		wait_at(8);
		_exit(16);
	}
}

int main(int argc, char **argv)
{
	if (argc > 2) {
		if (!strcmp(argv[1], "chain")) {
			wait_at(8);
			become("leaf", argv[2]);
		}
		wait_at(9);
		return atoi(argv[2]);
	}
	make_daemon();
	start_all();
	while (wait(NULL) > 0 || errno == EINTR)
		;
	return 10;
}
