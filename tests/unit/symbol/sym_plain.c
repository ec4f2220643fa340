/*
 * Subject of the symbol tests, in C: static and global locks, a static inside a function, functions
 * that are inlined, split and called through the PLT, and an assembler function without a size.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t stripes[16];
int numbers[64] = {1};

int bare_function(int n);

#if defined(__x86_64__)
__asm__(".text\n.globl bare_function\nbare_function:\n\tlea 1(%rdi), %eax\n\tret\n\tnop\n\tnop\n"
	".globl after_bare\n.type after_bare, @function\nafter_bare:\n\tret\n"
	".size after_bare, .-after_bare\n");
#else
int bare_function(int n)
{
	return n + 1;
}
#endif

static inline int mixed(int a, int b)
{
	return (a * 31) ^ (b >> 3);
}

static __attribute__((noinline)) int refill(int n)
{
	static pthread_mutex_t refill_lock = PTHREAD_MUTEX_INITIALIZER;
	static int refills;
	int r;

	pthread_mutex_lock(&refill_lock);
	r = mixed(n, ++refills);
	pthread_mutex_unlock(&refill_lock);
	return r;
}

__attribute__((noinline)) int visible_work(const char *s)
{
	int sum = 0;

	if (!s)
		abort();
	pthread_mutex_lock(&stripes[strlen(s) % 16]);
	for (int i = 0; i < 64; i++)
		sum += mixed(numbers[i], refill(i));
	pthread_mutex_unlock(&stripes[strlen(s) % 16]);
	return sum;
}

int main(int argc, char **argv)
{
	pthread_mutex_lock(&shared_lock);
	printf("%d\n", visible_work(argv[argc - 1]) + bare_function(argc));
	pthread_mutex_unlock(&shared_lock);
	return 0;
}
