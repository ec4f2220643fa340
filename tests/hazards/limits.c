/*
 * limits.c - threads that wait while every resource limit in turn is lowered to what is used, or to nothing.
 *
 *	limits		lowers each in a child of its own, and prints what came of it
 *	limits work	just the work
 *
 * RLIMIT_FSIZE turns a growing file into SIGXFSZ, RLIMIT_AS and RLIMIT_DATA a mapping into failure, RLIMIT_NOFILE an open; a recorder that
 * needs any of them while the program runs fails it there.  Root is told of no limit on locked memory, and a descriptor that is kept costs only
 * who counts them: so at the end it prints what is locked and which descriptors there are.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t ball[2], go[2], done;
static int pipe_ends[2], rounds, is_over;

static void *work(void *arg)
{
	int me = arg != NULL, i;
	char byte = 'x';

	for (;;) {
		while (sem_wait(&go[me]))
			;
		if (is_over)
			return arg;
		for (i = 0; i < 30; i++) {
			while (sem_wait(&ball[me]))
				;
			pthread_mutex_lock(&lock);
			rounds++;
			pthread_mutex_unlock(&lock);
			if (write(pipe_ends[1], &byte, 1) != 1 || read(pipe_ends[0], &byte, 1) != 1)
				abort();
			usleep(10);
			sem_post(&ball[!me]);
		}
		sem_post(&done);
	}
}

static pthread_t threads[2];

static void start(void)
{
	int i;

	is_over = 0;
	sem_init(&ball[0], 0, 1);
	sem_init(&ball[1], 0, 0);
	sem_init(&done, 0, 0);
	if (pipe(pipe_ends))
		abort();
	for (i = 0; i < 2; i++) {
		sem_init(&go[i], 0, 0);
		if (pthread_create(&threads[i], NULL, work, i ? &lock : NULL))
			abort();
	}
}

static void play(void)
{
	int i;

	for (i = 0; i < 2; i++)
		sem_post(&go[i]);
	for (i = 0; i < 2; i++)
		while (sem_wait(&done))
			;
}

static void finish(void)
{
	int i;

	is_over = 1;
	for (i = 0; i < 2; i++)
		sem_post(&go[i]);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

static const struct {
	__rlimit_resource_t what;
	const char *name;
} all[] = {{RLIMIT_CORE, "core"},
	   {RLIMIT_DATA, "data"},
	   {RLIMIT_NICE, "nice"},
	   {RLIMIT_FSIZE, "fsize"},
	   {RLIMIT_SIGPENDING, "sigpending"},
	   {RLIMIT_MEMLOCK, "memlock"},
	   {RLIMIT_RSS, "rss"},
	   {RLIMIT_NOFILE, "nofile"},
	   {RLIMIT_MSGQUEUE, "msgqueue"},
	   {RLIMIT_RTPRIO, "rtprio"},
	   {RLIMIT_STACK, "stack"},
	   {RLIMIT_NPROC, "nproc"},
	   {RLIMIT_AS, "as"},
	   {RLIMIT_LOCKS, "locks"},
	   {RLIMIT_RTTIME, "rttime"}};

static void print_held(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	DIR *dir;
	struct dirent *d;
	char line[256];

	while (status && fgets(line, sizeof(line), status))
		if (!strncmp(line, "VmLck:", 6) || !strncmp(line, "VmPin:", 6))
			fputs(line, stdout);
	if (status)
		fclose(status);
	printf("descriptors:");
	dir = opendir("/proc/self/fd");
	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.' && atoi(d->d_name) != dirfd(dir))
			printf(" %s", d->d_name);
	printf("\n");
	if (dir)
		closedir(dir);
}

int main(int argc, char **argv)
{
	size_t i;

	alarm(50);
	if (argc > 1 && !strcmp(argv[1], "work")) {
		start();
		play();
		finish();
		printf("rounds %d\n", rounds);
		return 0;
	}
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct rlimit r = {0, 0};
		pid_t pid;
		int status;

		/* a stack of nothing would end the program at its next page */
		if (all[i].what == RLIMIT_STACK)
			r.rlim_cur = r.rlim_max = 65536;
		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			start();
			play();
			if (setrlimit(all[i].what, &r))
				_exit(100);
			play();
			finish();
			/* with what was not there before, as far as that goes bare */
			start();
			play();
			finish();
			_exit(rounds);
		}
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (WIFEXITED(status))
			printf("%s: rounds %d\n", all[i].name, WEXITSTATUS(status));
		else
			printf("%s: signal %d\n", all[i].name, WTERMSIG(status));
	}
	print_held();
	return 0;
}
