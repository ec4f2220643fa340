/*
 * streams.c - streams whose memory is gone when they are closed.
 *
 *	streams [ROUNDS]
 *
 * The allocator of this program gives each block pages of its own and takes them away when the block is freed, so whoever looks at a
 * stream that libc has closed reads where nothing is.  Blocks are never given twice: the address space of some thousand rounds is.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096u

static size_t whole(size_t n)
{
	/* its size is kept in a page before it */
	return PAGE + (n + PAGE - 1) / PAGE * PAGE;
}

void *malloc(size_t n)
{
	uint8_t *p =
		mmap(NULL, whole(n), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		errno = ENOMEM;
		return NULL;
	}
	memcpy(p, &n, sizeof(n));
	return p + PAGE;
}

void free(void *p)
{
	int saved = errno;
	size_t n;

	if (!p)
		return;
	memcpy(&n, (uint8_t *)p - PAGE, sizeof(n));
	munmap((uint8_t *)p - PAGE, whole(n));
	errno = saved;
}

void *calloc(size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return malloc(bytes);
}

void *realloc(void *old, size_t n)
{
	void *p = malloc(n);
	size_t was;

	if (!p || !old)
		return p;
	memcpy(&was, (uint8_t *)old - PAGE, sizeof(was));
	memcpy(p, old, was < n ? was : n);
	free(old);
	return p;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 100, i, closed = 0, ended = 0;
	char line[32];

	for (i = 0; i < rounds; i++) {
		FILE *f = fopen("/dev/zero", "r"), *null = fopen("/dev/null", "w"), *command;

		if (!f || !null || fread(line, 1, sizeof(line), f) != sizeof(line))
			return 1;
		fprintf(null, "%d\n", i);
		closed += !fclose(f) + !fclose(null);
		if (i % 20)
			continue;
		command = popen("exit 3", "r");
		ended += command && pclose(command) == 3 << 8;
	}
	printf("%d closed, %d ended\n", closed, ended);
	return 0;
}
