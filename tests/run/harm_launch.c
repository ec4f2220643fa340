/*
 * harm_launch.c - the two sides of a launch, for harm_launch.sh.
 *
 *	harm_launch show FILE				what a program is given: descriptors, signals, limits, group
 *	harm_launch die SIGNAL				by that signal, in the kernel's default way, leaving no core
 *	harm_launch how [ignore-chld] COMMAND...	runs it; says how it ended, as wait(2) tells
 *	harm_launch blocked COMMAND...			runs it with signals blocked and ignored
 *	harm_launch job COMMAND...			runs it as a shell runs a job: stops, continues, interrupts it; the command is a
 *							`harm_launch child` in the end
 *	harm_launch child FIFO				says when a signal reaches it; ends with 7 on SIGINT
 *	harm_launch daemon FIFO				becomes a daemon that ends when the fifo is opened for writing
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int show(const char *path)
{
	char line[256], name[64];
	struct sigaction sa;
	struct rlimit r;
	sigset_t set;
	struct stat st;
	FILE *f;
	int i;

	/* before the file takes a number */
	unsigned open_fds[32] = {0};

	for (i = 0; i < 1024; i++)
		if (fcntl(i, F_GETFD) >= 0)
			open_fds[i / 32] |= 1u << (i % 32);
	f = fopen(path, "w");
	for (i = 0; i < 1024; i++) {
		if (!(open_fds[i / 32] >> (i % 32) & 1))
			continue;
		snprintf(name, sizeof(name), "/proc/self/fd/%d", i);
		fprintf(f, "fd %d: flags %x, close-on-exec %d", i, (unsigned)fcntl(i, F_GETFL),
			fcntl(i, F_GETFD));
		if (fstat(i, &st) == 0)
			fprintf(f, ", kind %o\n", st.st_mode & S_IFMT);
	}
	sigprocmask(SIG_SETMASK, NULL, &set);
	for (i = 1; i <= 64; i++) {
		if (sigismember(&set, i) == 1)
			fprintf(f, "blocked %d\n", i);
		if (sigaction(i, NULL, &sa) == 0 && sa.sa_handler != SIG_DFL)
			fprintf(f, "signal %d: %s\n", i,
				sa.sa_handler == SIG_IGN ? "ignored" : "handled");
	}
	for (i = 0; i < RLIMIT_NLIMITS; i++)
		if (getrlimit((__rlimit_resource_t)i, &r) == 0)
			fprintf(f, "limit %d: %lld %lld\n", i, (long long)r.rlim_cur,
				(long long)r.rlim_max);
	fprintf(f, "leader %d, group of parent %d, umask %o, nice %d, cwd %s\n",
		getpgrp() == getpid(), getpgrp() == getpgid(getppid()), umask(0),
		getpriority(PRIO_PROCESS, 0), getcwd(line, sizeof(line)));
	fprintf(f, "timer %u\n", alarm(0));
	return fclose(f) != 0;
}

static void tell_end(int status)
{
	if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	else
		printf("exit %d\n", WEXITSTATUS(status));
}

static pid_t start(char **argv, int own_group)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (own_group)
			setpgid(0, 0);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (own_group)
		setpgid(pid, pid);
	return pid;
}

static int how(char **argv)
{
	int status, ignore = !strcmp(argv[0], "ignore-chld");
	pid_t pid = fork();

	if (pid == 0) {
		if (ignore)
			signal(SIGCHLD, SIG_IGN);
		execvp(argv[ignore], argv + ignore);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid)
		return 1;
	tell_end(status);
	return 0;
}

/* --- jobs ---------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t got[65];

static void note(int sig)
{
	got[sig]++;
}

/* Says what it gets; its process id first. */
static int child(const char *fifo)
{
	struct sigaction sa = {.sa_handler = note};
	int fd = open(fifo, O_WRONLY), told_cont = 0, told_term = 0;
	sigset_t all, before;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGCONT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	dprintf(fd, "pid %d\n", getpid());
	for (;;) {
		ppoll(NULL, 0, NULL, &before);
		if (got[SIGCONT] && !told_cont++)
			dprintf(fd, "continued\n");
		if (got[SIGTERM] && !told_term++)
			dprintf(fd, "term\n");
		if (got[SIGINT])
			exit(7);
	}
}

static FILE *lines;

static void expect(const char *want)
{
	char line[100] = "";

	if (!fgets(line, sizeof(line), lines) || strncmp(line, want, strlen(want))) {
		printf("expected %s, got %s\n", want, line);
		exit(1);
	}
}

static char state_of(pid_t pid)
{
	char path[64], text[512] = "", *p;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	(void)!read(fd, text, sizeof(text) - 1);
	close(fd);
	p = strrchr(text, ')');
	return p ? p[2] : 0;
}

static void await_stop(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status)) {
		puts("the job was not stopped");
		exit(1);
	}
}

/* As an interactive shell does it: the job has a group of its own, and signals go to the group. */
static int job(char **argv)
{
	char fifo[] = "job.fifo";
	pid_t pid, prog;
	char line[100];
	int status, round;

	unlink(fifo);
	if (mkfifo(fifo, 0600))
		return 1;
	setenv("FIFO", fifo, 1);
	pid = start(argv, 1);
	lines = fopen(fifo, "r");
	if (!fgets(line, sizeof(line), lines) || sscanf(line, "pid %d", &prog) != 1)
		return 1;
	printf("group of the program is the job's: %d\n", getpgid(prog) == pid);
	for (round = 0; round < 3; round++) {
		kill(-pid, round ? SIGSTOP : SIGTSTP);
		await_stop(pid);
		while (state_of(prog) != 'T')
			usleep(1000);
		kill(-pid, SIGCONT);
		if (waitpid(pid, &status, WCONTINUED) != pid || !WIFCONTINUED(status))
			return 1;
		if (!round)
			expect("continued");
		while (state_of(prog) == 'T')
			usleep(1000);
	}
	/* the program alone is stopped: so is the job */
	kill(prog, SIGSTOP);
	await_stop(pid);
	kill(-pid, SIGCONT);
	waitpid(pid, &status, WCONTINUED);
	/* to the one we know, as a supervisor does */
	kill(pid, SIGTERM);
	expect("term");
	puts("stopped, continued, told to end");
	/* to all of the group, as a terminal does */
	kill(-pid, SIGINT);
	if (waitpid(pid, &status, 0) != pid)
		return 1;
	tell_end(status);
	unlink(fifo);
	return 0;
}

static void *wait_for_end(void *path)
{
	int fd = open(path, O_RDONLY);

	close(fd);
	return NULL;
}

static int run_daemon(char *fifo)
{
	pthread_t t;

	if (daemon(1, 0))
		return 1;
	pthread_create(&t, NULL, wait_for_end, fifo);
	pthread_join(t, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	if (!strcmp(what, "show"))
		return show(argv[2]);
	if (!strcmp(what, "how"))
		return how(argv + 2);
	if (!strcmp(what, "job"))
		return job(argv + 2);
	if (!strcmp(what, "child"))
		return child(getenv("FIFO"));
	if (!strcmp(what, "daemon"))
		return run_daemon(argv[2]);
	if (!strcmp(what, "blocked")) {
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigaddset(&set, SIGTERM);
		sigaddset(&set, SIGCHLD);
		sigaddset(&set, SIGRTMIN + 2);
		sigprocmask(SIG_SETMASK, &set, NULL);
		signal(SIGPIPE, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		signal(SIGCHLD, SIG_IGN);
		umask(027);
		alarm(1000);
		execvp(argv[2], argv + 2);
		return 127;
	}
	if (!strcmp(what, "die")) {
		struct rlimit no_core = {0, 0};

		setrlimit(RLIMIT_CORE, &no_core);
		signal(atoi(argv[2]),
		       SIG_DFL); /* a shell's background job has SIGINT and SIGQUIT ignored */
		kill(getpid(), atoi(argv[2]));
		pause();
	}
	return 2;
}
