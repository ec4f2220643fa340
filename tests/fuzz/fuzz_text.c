/*
 * fuzz_text.c - any bytes as the text form.  What is accepted must come back: printed, read and printed again it is the same.
 *
 * Its trace is in memory, /dev/shm, so that a disk that is slow for once is not taken for an input that is.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file/text.h"
#include "read/dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int parse(const char *text, size_t size, const char *path)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, size, "r");
	char why[128];
	int err = ct_text_parse(in, "fuzz", path, why, sizeof(why));

	fclose(in);
	return err;
}

static char *dump(const char *path, size_t *size)
{
	char why[128], *text = NULL;
	struct ct_trace *t;
	FILE *out;

	if (ct_trace_open(path, &t, why, sizeof(why)) != 0)
		return NULL;
	out = open_memstream(&text, size);
	ct_trace_dump(t, out);
	fclose(out);
	ct_trace_close(t);
	return text;
}

static char folder[] = "/dev/shm/fuzz_text.XXXXXX", path[sizeof(folder) + 2];

static void remove_folder(void)
{
	unlink(path);
	rmdir(folder);
}

static void make_folder(void)
{
	if (!mkdtemp(folder)) {
		perror(folder);
		exit(2);
	}
	snprintf(path, sizeof(path), "%s/t", folder);
	atexit(remove_folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *once, *twice;
	size_t once_size, twice_size;

	/* the rows a line may ask for are bounded, but not by the size of the line */
	if (size == 0 || size > 4096 || memmem(bytes, size, "break", 5))
		return 0;
	if (!path[0])
		make_folder();
	if (parse((const char *)bytes, size, path) != 0) {
		unlink(path);
		return 0;
	}
	once = dump(path, &once_size);
	if (once && parse(once, once_size, path) == 0 && (twice = dump(path, &twice_size))) {
		if (once_size != twice_size || memcmp(once, twice, once_size) != 0)
			abort();
		free(twice);
	} else if (once && !strstr(once, "# ")) {
		abort(); /* no damage was printed, and still it cannot be read back */
	}
	free(once);
	unlink(path);
	return 0;
}
