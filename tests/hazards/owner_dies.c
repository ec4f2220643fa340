/*
 * owner_dies.c - mutexes between processes whose owner is killed while others wait.
 *
 * Robust, priority-inheriting and both, in anonymous memory and in a file that each process maps for itself.  One child takes the mutex and
 * another waits for it, which is seen in /proc/PID/syscall; then the first is killed.  The second hears EOWNERDEAD and, once a third waits as
 * well, makes the mutex good and hands it on, or leaves it bad, and then it is no one's ever more.  What is not robust is released.
 *
 * Prints what every call answered.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct box {
	pthread_mutex_t mutex;
	atomic_int owner;	       /* 1, 2, 3: which child has it */
	atomic_int may_go;	       /* and which may let it go */
	int lock[4], mend[4], give[4]; /* answers, by child; -1: not called */
};

static void must(int is_good, const char *what)
{
	if (is_good)
		return;
	perror(what);
	exit(1);
}

static struct box *map(int file)
{
	void *p = mmap(NULL, sizeof(struct box), PROT_READ | PROT_WRITE,
		       file < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED, file, 0);

	must(p != MAP_FAILED, "mmap");
	return p;
}

static void make(struct box *b, int protocol, int robust)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setprotocol(&a, protocol);
	pthread_mutexattr_setrobust(&a, robust);
	must((errno = pthread_mutex_init(&b->mutex, &a)) == 0, "mutex");
	atomic_store(&b->owner, 0);
	atomic_store(&b->may_go, 0);
	memset(b->lock, -1, sizeof(b->lock) + sizeof(b->mend) + sizeof(b->give));
}

/* Child number `me`. */
static _Noreturn void take(struct box *b, int me, int mend)
{
	int err = pthread_mutex_lock(&b->mutex);

	b->lock[me] = err;
	if (err && err != EOWNERDEAD)
		_exit(0);
	atomic_store(&b->owner, me);
	while (atomic_load(&b->may_go) < me)
		sched_yield();
	if (mend && err)
		b->mend[me] = pthread_mutex_consistent(&b->mutex);
	b->give[me] = pthread_mutex_unlock(&b->mutex);
	_exit(0);
}

static pid_t start(struct box *b, int file, int me, int mend)
{
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (!pid)
		take(file < 0 ? b : map(file), me, mend);
	return pid;
}

static int sleeps_in_futex(pid_t pid)
{
	char path[64], text[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	f = fopen(path, "re");
	must(f && fgets(text, sizeof(text), f), path);
	fclose(f);
	return text[0] >= '0' && text[0] <= '9' && strtol(text, NULL, 10) == SYS_futex;
}

static void print(const char *what, int answer)
{
	if (answer >= 0)
		printf(", %s %s", what, strerror(answer));
}

static void play(const char *name, int file, int protocol, int robust, int mend)
{
	struct box *b = map(file);
	pid_t child[4];
	int i, status;

	make(b, protocol, robust);
	child[1] = start(b, file, 1, mend);
	while (atomic_load(&b->owner) != 1)
		sched_yield();
	child[2] = start(b, file, 2, mend);
	while (!sleeps_in_futex(child[2]))
		sched_yield();
	if (robust == PTHREAD_MUTEX_ROBUST)
		kill(child[1], SIGKILL);
	else
		atomic_store(&b->may_go, 1);
	while (atomic_load(&b->owner) != 2)
		sched_yield();
	child[3] = start(b, file, 3, mend);
	while (!sleeps_in_futex(child[3]))
		sched_yield();
	atomic_store(&b->may_go, 3);
	printf("%s", name);
	for (i = 1; i < 4; i++) {
		must(waitpid(child[i], &status, 0) == child[i], "waitpid");
		printf("; %d", i);
		print("lock", b->lock[i]);
		print("mend", b->mend[i]);
		print("unlock", b->give[i]);
		if (WIFSIGNALED(status))
			printf(", killed");
	}
	printf("\n");
	munmap(b, sizeof(*b));
}

int main(void)
{
	char path[] = "owner.XXXXXX";
	int file = mkstemp(path), i;

	must(file >= 0 && ftruncate(file, sizeof(struct box)) == 0, path);
	unlink(path);
	alarm(50);
	setvbuf(stdout, NULL, _IONBF, 0);
	for (i = 0; i < 2; i++) {
		int fd = i ? file : -1;

		play("robust", fd, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_ROBUST, 1);
		play("robust, left bad", fd, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_ROBUST, 0);
		play("inheriting", fd, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED, 0);
		play("both", fd, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_ROBUST, 1);
		play("both, left bad", fd, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_ROBUST, 0);
	}
	return 0;
}
