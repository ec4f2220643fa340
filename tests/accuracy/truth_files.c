/*
 * truth_files.c - a known wait in every function that opens, copies, locks or buffers.  See truth.h.
 *
 * Streams are on pipes, unbuffered for writing, so that each call is one of the kernel's.  What only waits for a disk (fsync,
 * fallocate) is not here, nor lockf, whose locks two threads of one process do not keep from each other.
 */
/* cflags: -fno-optimize-sibling-calls */
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "truth.h"

static int pipe_in[2], pipe_out[2], stream[2], lock_file[2], source, opened = -1;
static FILE *in, *out, *shared;
static char bytes[65536], fifo[64], folder[64];

static APART long wake_pipe(void)
{
	must(write(pipe_in[1], "x 1\n", 4) == 4, "write");
	return 0;
}

static void empty(int fd)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
	must(errno == EAGAIN, "empty");
	fcntl(fd, F_SETFL, 0);
}

/* What stdio has read ahead is gone, and the pipe is empty. */
static void empty_in(void)
{
	in->_IO_read_ptr = in->_IO_read_end;
	empty(pipe_in[0]);
}

static void fill_out(void)
{
	fcntl(pipe_out[1], F_SETFL, O_NONBLOCK);
	while (write(pipe_out[1], bytes, 4096) > 0)
		;
	must(errno == EAGAIN, "fill a pipe");
	fcntl(pipe_out[1], F_SETFL, 0);
}

static void empty_out(void)
{
	empty(pipe_out[0]);
}

/* A page of room: a pipe takes no byte before a whole page is free. */
static APART long wake_drain_out(void)
{
	must(read(pipe_out[0], bytes, sizeof(bytes)) > 0, "read");
	return 0;
}

static void fill_stream(void)
{
	while (send(stream[0], bytes, 4096, MSG_DONTWAIT) > 0)
		;
	must(errno == EAGAIN, "fill a socket");
}

static APART long wake_drain_stream(void)
{
	empty(stream[1]);
	return 0;
}

static void empty_stream(void)
{
	empty(stream[1]);
}

/* --- opening ------------------------------------------------------------------------------------------------------------------------- */

static int reader_of_fifo = -1;

static APART long wake_fifo(void)
{
	opened = open(fifo, O_WRONLY | O_CLOEXEC);
	must(opened >= 0, "open");
	return 0;
}

static void close_fifo(void)
{
	close(opened);
	close(reader_of_fifo);
}

static APART long wait_open(void)
{
	reader_of_fifo = open(fifo, O_RDONLY | O_CLOEXEC);
	return reader_of_fifo < 0 ? -errno : 0;
}

static APART long wait_openat(void)
{
	reader_of_fifo = openat(AT_FDCWD, fifo, O_RDONLY | O_CLOEXEC);
	return reader_of_fifo < 0 ? -errno : 0;
}

static FILE *stream_of_fifo;

static APART long wait_fopen(void)
{
	stream_of_fifo = fopen(fifo, "re");
	return stream_of_fifo ? 0 : -errno;
}

static void fclose_fifo(void)
{
	close(opened);
	fclose(stream_of_fifo);
}

/* --- copying ------------------------------------------------------------------------------------------------------------------------- */

static APART long wait_sendfile(void)
{
	off_t at = 0;
	ssize_t n = sendfile(stream[0], source, &at, 1);

	return n < 0 ? -errno : n;
}

static APART long wait_splice(void)
{
	ssize_t n = splice(pipe_in[0], NULL, pipe_out[1], NULL, 1, 0);

	return n < 0 ? -errno : n;
}

static APART long wait_tee(void)
{
	ssize_t n = tee(pipe_in[0], pipe_out[1], 1, 0);

	return n < 0 ? -errno : n;
}

static APART long wait_vmsplice(void)
{
	struct iovec v = {bytes, 1};
	ssize_t n = vmsplice(pipe_out[1], &v, 1, 0);

	return n < 0 ? -errno : n;
}

static void empty_both(void)
{
	empty_in();
	empty_out();
}

/* --- locks ---------------------------------------------------------------------------------------------------------------------------- */

static void hold_flock(void)
{
	must(!flock(lock_file[0], LOCK_EX), "flock");
}

static APART long wait_flock(void)
{
	return flock(lock_file[1], LOCK_EX) ? -errno : 0;
}

static APART long wake_flock(void)
{
	return flock(lock_file[0], LOCK_UN);
}

static void let_go_flock(void)
{
	must(!flock(lock_file[1], LOCK_UN), "flock");
}

static int set_range(int fd, int how, short type)
{
	struct flock l = {.l_type = type, .l_whence = SEEK_SET};

	return fcntl(fd, how, &l);
}

static void hold_range(void)
{
	must(!set_range(lock_file[0], F_OFD_SETLK, F_WRLCK), "fcntl");
}

static APART long wait_fcntl(void)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(lock_file[1], F_OFD_SETLKW, &l) ? -errno : 0;
}

static APART long wake_fcntl(void)
{
	return set_range(lock_file[0], F_OFD_SETLK, F_UNLCK);
}

static void let_go_range(void)
{
	must(!set_range(lock_file[1], F_OFD_SETLK, F_UNLCK), "fcntl");
}

static void hold_stream(void)
{
	flockfile(shared);
}

static APART long wait_flockfile(void)
{
	flockfile(shared);
	funlockfile(shared);
	return 0;
}

static APART long wake_funlockfile(void)
{
	funlockfile(shared);
	return 0;
}

/* Its buffer has room, but another thread is in it. */
static APART long wait_fputc(void)
{
	return fputc('x', shared) == 'x' ? 1 : -errno;
}

/* --- buffers -------------------------------------------------------------------------------------------------------------------------- */

/*
 * What each call returned is what the trace must say, but for characters: a character is 1, its end -1.
 * The waker's line is "x 1".
 */
static long one_of(int c)
{
	return c == 'x' ? 1 : c == EOF ? -1 : -2;
}

static APART long wait_fread(void)
{
	char s[4];

	return (long)fread(s, 2, 2, in);
}

static APART long wait_fread_unlocked(void)
{
	char s[4];

	return (long)(fread_unlocked)(s, 1, 4, in);
}

static APART long wait_fgets(void)
{
	char s[16];

	return fgets(s, sizeof(s), in) ? 1 : -1;
}

static APART long wait_fgets_unlocked(void)
{
	char s[16];

	return fgets_unlocked(s, sizeof(s), in) ? 1 : -1;
}

static APART long wait_getline(void)
{
	static char *line;
	static size_t n;

	return getline(&line, &n, in);
}

static APART long wait_getdelim(void)
{
	static char *line;
	static size_t n;

	return getdelim(&line, &n, ' ', in);
}

static APART long wait_fgetc(void)
{
	return one_of(fgetc(in));
}

static APART long wait_getc(void)
{
	return one_of(getc(in));
}

/* Inline in the program until the buffer is empty. */
static APART long wait_getc_unlocked(void)
{
	return one_of(getc_unlocked(in));
}

static APART long wait_fscanf(void)
{
	char s[8];
	int n;

	return fscanf(in, "%7s %d", s, &n);
}

/* The calls that name no stream, on one of ours.  A header may have them inline. */
static int (*volatile get)(void) = getchar;
static int (*volatile put)(int) = putchar;

static APART long wait_getchar(void)
{
	FILE *was = stdin;
	long n;

	stdin = in;
	n = one_of(get());
	stdin = was;
	return n;
}

static APART long wait_scanf(void)
{
	FILE *was = stdin;
	char s[8];
	long n;

	stdin = in;
	n = scanf("%7s", s);
	stdin = was;
	return n;
}

#define TO_STDOUT(name, call)                                                                      \
	static APART long wait_##name(void)                                                        \
	{                                                                                          \
		FILE *was = stdout;                                                                \
		long n;                                                                            \
                                                                                                   \
		stdout = out;                                                                      \
		n = call;                                                                          \
		stdout = was;                                                                      \
		return n;                                                                          \
	}
TO_STDOUT(puts, puts("xy"))
TO_STDOUT(putchar, one_of(put('x')))
TO_STDOUT(printf, printf("%d", 123))

static APART long wait_fwrite(void)
{
	return (long)fwrite("xyz", 1, 3, out);
}

static APART long wait_fwrite_unlocked(void)
{
	return (long)(fwrite_unlocked)("xyz", 1, 3, out);
}

static APART long wait_fputs(void)
{
	return fputs("xyz", out);
}

static APART long wait_fputs_unlocked(void)
{
	return fputs_unlocked("xyz", out);
}

static APART long wait_putc(void)
{
	return one_of(putc('x', out));
}

static APART long wait_fprintf(void)
{
	return fprintf(out, "%d", 123);
}

static APART long wait_dprintf(void)
{
	return dprintf(pipe_out[1], "%d", 123);
}

/* Something is in the buffer of a buffered stream when the pipe is full. */
static FILE *buffered;
static int buffered_fd;

static void fill_buffered(void)
{
	fputs("x", buffered);
	fill_out();
}

static APART long wait_fflush(void)
{
	return fflush(buffered) ? -errno : 0;
}

/* A pipe whose writer goes away: errno is what it was, an older error of somebody else's. */
static FILE *ending;
static int pipe_ending[2];

static void open_ending(void)
{
	must(!pipe2(pipe_ending, O_CLOEXEC), "pipe");
	ending = fdopen(pipe_ending[0], "r");
	must(ending != NULL, "fdopen");
}

static APART long wake_end(void)
{
	return close(pipe_ending[1]);
}

static void close_ending(void)
{
	fclose(ending);
}

static APART long wait_fread_end(void)
{
	char c;

	errno = ENOENT;
	return (long)fread(&c, 1, 1, ending);
}

static APART long wait_fgets_end(void)
{
	char s[16];

	errno = ENOENT;
	return fgets(s, sizeof(s), ending) ? 1 : -1;
}

static APART long wait_getc_end(void)
{
	errno = ENOENT;
	return one_of(getc(ending));
}

static APART long wait_fscanf_end(void)
{
	int n;

	errno = ENOENT;
	return fscanf(ending, "%d", &n);
}

/* A pipe nobody will read from any more. */
static FILE *broken;
static int pipe_broken[2];

static void open_broken(void)
{
	must(!pipe2(pipe_broken, O_CLOEXEC), "pipe");
	must(fcntl(pipe_broken[1], F_SETFL, O_NONBLOCK) == 0, "fcntl");
	while (write(pipe_broken[1], bytes, 4096) > 0)
		;
	must(errno == EAGAIN && fcntl(pipe_broken[1], F_SETFL, 0) == 0, "fill a pipe");
	broken = fdopen(pipe_broken[1], "w");
	must(broken != NULL, "fdopen");
	setvbuf(broken, NULL, _IONBF, 0);
}

static APART long wake_break(void)
{
	return close(pipe_broken[0]);
}

static void close_broken(void)
{
	fclose(broken);
}

static APART long wait_fputs_broken(void)
{
	return fputs("xyz", broken) < 0 ? -errno : 0;
}

static APART long wait_fprintf_broken(void)
{
	return fprintf(broken, "%d", 123) < 0 ? -errno : 0;
}

#define STREAM(place, name, op, before, wake, after, result, fd)                                   \
	{                                                                                          \
#name, op, before, wait_##name, wake, after, #place, #wake, result, false, fd      \
	}
#define READS_IN(place, name, result)                                                              \
	STREAM(place, name, "stdio_read", NULL, wake_pipe, empty_in, result, &pipe_in[0])
#define READS(name, result) READS_IN(wait_##name, name, result)
#define WRITES(name, result)                                                                       \
	STREAM(wait_##name, name, "stdio_write", fill_out, wake_drain_out, empty_out, result,      \
	       &pipe_out[1])
#define ENDS(name, result)                                                                         \
	STREAM(wait_##name, name, "stdio_read", open_ending, wake_end, close_ending, result,       \
	       &pipe_ending[0])
#define BREAKS(name)                                                                               \
	STREAM(wait_##name, name, "stdio_write", open_broken, wake_break, close_broken, -EPIPE,    \
	       &pipe_broken[1])

static const struct truth_case cases[] = {
	CASE("open", "open", NULL, wait_open, wake_fifo, close_fifo, ANY_RESULT),
	CASE("openat", "open", NULL, wait_openat, wake_fifo, close_fifo, ANY_RESULT),
	CASE("fopen", "open", NULL, wait_fopen, wake_fifo, fclose_fifo, 0),
	CASE("sendfile", "sendfile", fill_stream, wait_sendfile, wake_drain_stream, empty_stream,
	     1),
	CASE("splice", "sendfile", NULL, wait_splice, wake_pipe, empty_both, 1),
	CASE("tee", "sendfile", NULL, wait_tee, wake_pipe, empty_both, 1),
	CASE("vmsplice", "sendfile", fill_out, wait_vmsplice, wake_drain_out, empty_out, 1),
	CASE("flock", "file_lock", hold_flock, wait_flock, wake_flock, let_go_flock, 0),
	CASE("fcntl", "file_lock", hold_range, wait_fcntl, wake_fcntl, let_go_range, 0),
	CASE("flockfile", "stdio_lock", hold_stream, wait_flockfile, wake_funlockfile, NULL, 0),
	CASE("fputc", "stdio_write", hold_stream, wait_fputc, wake_funlockfile, NULL, 1),
	READS(fread, 2),
	READS(fread_unlocked, 4),
	READS(fgets, 1),
	READS(fgets_unlocked, 1),
	READS_IN(getline, getline, 4),
	READS(getdelim, 2),
	READS(fgetc, 1),
	READS(getc, 1),
	READS_IN(getc_unlocked, getc_unlocked, 1),
	READS(getchar, 1),
	READS(fscanf, 2),
	READS(scanf, 1),
	ENDS(fread_end, 0),
	ENDS(fgets_end, -1),
	ENDS(getc_end, -1),
	ENDS(fscanf_end, -1),
	WRITES(fwrite, 3),
	WRITES(fwrite_unlocked, 3),
	WRITES(fputs, 1),
	WRITES(fputs_unlocked, 1),
	WRITES(puts, 3),
	WRITES(putc, 1),
	WRITES(putchar, 1),
	WRITES(printf, 3),
	WRITES(fprintf, 3),
	WRITES(dprintf, 3),
	STREAM(wait_fflush, fflush, "stdio_write", fill_buffered, wake_drain_out, empty_out, 0,
	       &buffered_fd),
	BREAKS(fputs_broken),
	BREAKS(fprintf_broken),
};

static void set_up(void)
{
	char path[96];

	must(!pipe2(pipe_in, O_CLOEXEC) && !pipe2(pipe_out, O_CLOEXEC), "pipe");
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, stream), "socketpair");
	snprintf(folder, sizeof(folder), "truth_files.XXXXXX");
	must(mkdtemp(folder) != NULL, folder);
	snprintf(fifo, sizeof(fifo), "%.40s/fifo", folder);
	must(!mkfifo(fifo, 0600), fifo);
	snprintf(path, sizeof(path), "%.40s/lock", folder);
	for (int i = 0; i < 2; i++)
		must((lock_file[i] = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) >= 0, path);
	source = lock_file[0];
	must(write(source, "x", 1) == 1, path);
	unlink(path);
	in = fdopen(pipe_in[0], "r");
	out = fdopen(pipe_out[1], "w");
	buffered = fdopen(dup(pipe_out[1]), "w");
	shared = fopen("/dev/null", "w");
	must(in && out && buffered && shared, "fdopen");
	buffered_fd = fileno(buffered);
	setvbuf(out, NULL, _IONBF, 0);
	signal(SIGPIPE, SIG_IGN);
	fputs("a buffer of its own", shared);
}

int main(int argc, char **argv)
{
	int status;

	set_up();
	status = truth_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
	unlink(fifo);
	rmdir(folder);
	return status;
}
