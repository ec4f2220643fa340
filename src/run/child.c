/*
 * child.c - see child.h.
 *
 * The child is forked before the output file is named, because its pid is part of the name; it waits on a pipe for the environment to
 * exec with.  The other end of that pipe closes on exec; an errno that comes back instead is an exec that failed.
 */
#include "child.h"

#include <errno.h>
#include <poll.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

#define TIMERS 3 /* ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF */

/*
 * What we were given is the program's.  A pipe of which we held an end too would not end when the program closes its own; so of the
 * descriptors only standard error stays, for the summary.
 */
static void let_go_of_descriptors(int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 1);
		if (null > 2)
			close(null);
	}
	if (keep > 3)
		syscall(SYS_close_range, 3u, (unsigned)keep - 1, 0);
	syscall(SYS_close_range, (unsigned)keep + 1, ~0u, 0);
}

/* Else the next thing we open would be there, and what is meant for standard error be written into it. */
void ct_child_fill_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

int ct_child_fork(struct ct_child *c)
{
	struct itimerval timer[TIMERS], none = {0};
	sigset_t all;
	int pair[2], i;

	memset(c, 0, sizeof(*c));
	c->signals = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &c->before);
	/* an alarm set before us is the program's; fork does not hand it down, exec would have */
	for (i = 0; i < TIMERS; i++)
		setitimer((__itimer_which_t)i, &none, &timer[i]);
	c->pid = fork();
	if (c->pid < 0) {
		int err = -errno;

		sigprocmask(SIG_SETMASK, &c->before, NULL);
		close(pair[0]);
		close(pair[1]);
		return err;
	}
	c->go = pair[c->pid ? 0 : 1];
	close(pair[c->pid ? 1 : 0]);
	if (c->pid == 0) {
		for (i = 0; i < TIMERS; i++)
			setitimer((__itimer_which_t)i, &timer[i], NULL);
		return 0;
	}
	let_go_of_descriptors(c->go);
	/* an ignored SIGCHLD would reap the child before we learn how it ended */
	signal(SIGCHLD, SIG_DFL);
	c->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return c->signals < 0 ? -errno : 0;
}

_Noreturn void ct_child_run(struct ct_child *c, const char *path, char **argv)
{
	static struct ct_child_env env;
	ssize_t n = recv(c->go, &env, sizeof(env), 0);
	int err;

	/* no word from ctrace-run: it is gone, and so is the wish to run */
	if (n <= 0)
		_exit(127);
	if (n == sizeof(env)) {
		setenv("LD_PRELOAD", env.preload, 1);
		setenv("CTRACE_ARENA", env.arena, 1);
	}
	sigprocmask(SIG_SETMASK, &c->before, NULL);
	execv(path, argv);
	if (errno == ENOEXEC) {
		/* text without "#!": what execvp does */
		int count = 0;
		char **shell;

		while (argv[count])
			count++;
		shell = calloc((size_t)count + 2, sizeof(*shell));
		if (shell) {
			shell[0] = (char[]){"/bin/sh"};
			shell[1] = (char *)(size_t)path;
			memcpy(shell + 2, argv + 1, (size_t)count * sizeof(*shell));
			execv("/bin/sh", shell);
		}
	}
	err = errno;
	send(c->go, &err, sizeof(err), MSG_NOSIGNAL);
	_exit(err == ENOENT ? 127 : 126);
}

int ct_child_go(struct ct_child *c, const struct ct_child_env *env)
{
	char untraced = 0;
	int err = 0;

	if (env)
		send(c->go, env, sizeof(*env), MSG_NOSIGNAL);
	else
		send(c->go, &untraced, 1, MSG_NOSIGNAL);
	/* end of file: the exec closed it */
	if (recv(c->go, &err, sizeof(err), 0) != sizeof(err))
		err = 0;
	close(c->go);
	return err;
}

/* --- while it runs ------------------------------------------------------------------------------------------------------------------ */

/*
 * Is it in the stop we were told of?  Asked of the kernel, not read in /proc: there a later stop, after it went on, looks the same, and
 * to answer a SIGCONT of before by another would undo it.  A signal for the whole group reaches the program before it reaches us (a
 * group is gone through from its youngest member).
 */
static bool still_stopped(const struct ct_child *c)
{
	siginfo_t newer = {.si_pid = 0};

	return c->stopped &&
	       waitid(P_PID, (id_t)c->pid, &newer,
		      WSTOPPED | WCONTINUED | WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       newer.si_pid == 0;
}

/*
 * Stop as the program has, unless it goes on already.  The stop is made pending before the program is looked at: a SIGCONT for the
 * job after that takes it back, one before that has set the program going.
 */
static void stop_too(struct ct_child *c)
{
	sigset_t stop;

	signal(SIGTSTP, SIG_DFL);
	raise(SIGTSTP);
	if (!still_stopped(c)) {
		signal(SIGTSTP, SIG_IGN); /* drops what is pending */
		signal(SIGTSTP, SIG_DFL);
		return;
	}
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL);
	sigprocmask(SIG_BLOCK, &stop, NULL);
}

static void on_child(struct ct_child *c)
{
	int status;

	while (!c->ended && waitpid(c->pid, &status, WNOHANG | WUNTRACED | WCONTINUED) == c->pid) {
		c->stopped = WIFSTOPPED(status);
		if (c->stopped) {
			stop_too(c);
		} else if (!WIFCONTINUED(status)) {
			c->ended = true;
			c->status = status;
		}
	}
}

/*
 * What is passed on: not what our own writing brought on us (SIGXFSZ, SIGPIPE), which the kernel says comes from ourselves.
 * A signal of the terminal has reached the program too: it is in the same group.  One that was sent to us alone has not.
 */
static bool from_terminal(const struct signalfd_siginfo *si)
{
	return si->ssi_code == SI_KERNEL;
}

void ct_child_signals(struct ct_child *c)
{
	struct signalfd_siginfo si;

	while (read(c->signals, &si, sizeof(si)) == sizeof(si)) {
		int sig = (int)si.ssi_signo;

		if (sig == SIGCHLD)
			on_child(c);
		else if (!c->ended && !from_terminal(&si) && (sig != SIGCONT || still_stopped(c)) &&
			 (pid_t)si.ssi_pid != c->pid && (pid_t)si.ssi_pid != getpid())
			kill(c->pid, sig);
	}
}

void ct_child_wait(struct ct_child *c)
{
	struct pollfd p = {.fd = c->signals, .events = POLLIN};

	while (!c->ended) {
		poll(&p, 1, -1);
		ct_child_signals(c);
	}
}

/* --- its end ------------------------------------------------------------------------------------------------------------------------- */

_Noreturn void ct_child_mirror(const struct ct_child *c)
{
	if (WIFSIGNALED(c->status)) {
		struct rlimit no_core = {0, 0};
		sigset_t one;
		int sig = WTERMSIG(c->status);

		/* the program has left its own core where it wanted to */
		setrlimit(RLIMIT_CORE, &no_core);
		signal(sig, SIG_DFL);
		sigemptyset(&one);
		sigaddset(&one, sig);
		fflush(NULL);
		raise(sig);
		sigprocmask(SIG_UNBLOCK, &one, NULL);
		exit(128 + sig);
	}
	exit(WIFEXITED(c->status) ? WEXITSTATUS(c->status) : 125);
}
