/* link: -ldl -rdynamic */
/*
 * modules.c - libraries that come and go while threads wait in calls made from them.
 *
 *	modules LIBRARY COPY CTRACE	LIBRARY: modules.sh's; COPY: a copy of it; CTRACE: libctrace.so
 *
 * A stack names code that may be unmapped a moment later, and the same addresses may then be another library's; a recorder that followed a
 * return address into it, or held the loader's lock, would crash or hang here.  Prints what each way of loading gave.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool stop;
static atomic_int calls;

/* The library has one too, and calls the one that it is bound to. */
int whose(void)
{
	return 1;
}

static void *find(void *handle, const char *name)
{
	void *p = dlsym(handle, name);

	if (!p) {
		printf("%s\n", dlerror());
		exit(1);
	}
	return p;
}

static int ask(void *handle, const char *name)
{
	return handle ? ((int (*)(void))find(handle, name))() : -1;
}

static void *noise(void *p)
{
	while (!stop) {
		pthread_mutex_lock(&lock);
		pthread_mutex_unlock(&lock);
		usleep(5);
	}
	return p;
}

/* Of a file of its own for each thread, so that closing unmaps it: opened, waited in, closed, while others do the same. */
static void *come_and_go(void *path)
{
	int i;

	for (i = 0; i < 300; i++) {
		void *h = dlopen(path, RTLD_NOW | RTLD_LOCAL | (i % 3 == 0 ? RTLD_DEEPBIND : 0));
		int (*wait_in)(pthread_mutex_t *);

		if (!h) {
			printf("%s\n", dlerror());
			exit(1);
		}
		wait_in = (int (*)(pthread_mutex_t *))find(h, "wait_in");
		calls += wait_in(&lock);
		dlclose(h);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t t[4];
	void *h, *own;
	int i;

	if (argc < 4)
		return 2;
	alarm(50);
	for (i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, i < 2 ? noise : come_and_go, argv[i == 3 ? 2 : 1]);
	pthread_join(t[2], NULL);
	pthread_join(t[3], NULL);
	printf("opened and closed: %d calls\n", calls);
	for (i = 0; i < 2; i++) {
		h = dlopen(argv[1], RTLD_NOW | (i ? RTLD_DEEPBIND : 0));
		printf("%s: bound to %d, ", i ? "deep" : "plain", ask(h, "whose_in"));
		printf("found by its own path: %d\n", ask(h, "open_in"));
		dlclose(h);
	}
	/* another namespace has another libc, with its own idea of everything; only its own objects may be used there */
	h = dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW);
	printf("namespace: %d\n", ask(h, "own_in"));
	/* the program opens and closes the recorder's object itself */
	for (i = 0; i < 3; i++) {
		own = dlopen(argv[3], RTLD_NOW);
		printf("the recorder: %d %d\n", own != NULL, own ? dlclose(own) : -1);
	}
	calls = 0;
	come_and_go(argv[1]);
	printf("after: %d calls\n", calls);
	stop = 1;
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	return 0;
}
