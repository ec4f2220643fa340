/*
 * A program that says what it does, in C; built again as an executable that is not position independent (notes_fixed.c).  Two threads, a task
 * that changes threads, nesting, an exact number of everything.  With a number it only makes so many regions, inside a long one.
 */
#include <ctrace/ctrace.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TASKS = 5 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *finish(void *p)
{
	uint64_t task = *(uint64_t *)p, r = ctrace_region_begin("finish", task);

	ctrace_label("worker", "second");
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	ctrace_region_end(r);
	ctrace_task_end(task);
	return NULL;
}

static int many(long n)
{
	uint64_t task = ctrace_task_begin("long task", 0), r = ctrace_region_begin("long", task);

	while (n-- > 0)
		ctrace_region_end(ctrace_region_begin("short", 0));
	ctrace_region_end(r);
	ctrace_task_end(task);
	return 0;
}

int main(int argc, char **argv)
{
	char message[64];
	int i;

	if (argc > 1)
		return many(atol(argv[1]));

	for (i = 0; i < TASKS; i++) {
		uint64_t task = ctrace_task_begin("request", 0);
		uint64_t outer = ctrace_region_begin("handle", task), inner;
		pthread_t t;

		snprintf(message, sizeof(message), "trace_id=%04d", i);
		ctrace_log(0, "apm", message);
		inner = ctrace_region_begin("sleep", 0);
		usleep(20000);
		ctrace_region_end(inner);
		pthread_mutex_lock(&lock);
		pthread_create(&t, NULL, finish, &task);
		usleep(30000);
		pthread_mutex_unlock(&lock);
		pthread_join(t, NULL);
		ctrace_region_end(outer);
	}
	ctrace_region_begin("never ends", 0);
	printf("%s\n", ctrace_enabled() ? "recorded" : "not recorded");
	return 0;
}
