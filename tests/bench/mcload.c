/*
 * mcload.c - a memcached client that asks as fast as it is answered.
 *
 *	mcload -s SOCKET | -p PORT  [-c CONNECTIONS] [-n REQUESTS] [-d DEPTH] [-k KEYS] [-v BYTES]
 *
 * Text protocol, one set in ten requests, the rest gets of keys that exist.  Each connection keeps
 * DEPTH requests in flight: sends that many in one write, reads until all are answered.  One thread
 * serves all connections through poll, so that the client leaves the processors to the server.
 *
 * Prints "mcload REQUESTS SECONDS REQUESTS_PER_SECOND MISSES".  Exits 1 on anything unexpected in
 * an answer; answers are counted, by their last line, not compared.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { IN_ROOM = 1 << 16, LINE_ROOM = 64 };

struct connection {
	int fd;
	int owed;	  /* answers still to come */
	size_t skip;	  /* bytes of a value still to come */
	bool is_hit;	  /* a VALUE was seen since the last answer */
	size_t line_size; /* of a line cut by the end of a read */
	char line[LINE_ROOM];
};

static int depth = 8, keys = 10000, value_size = 100, connections = 16;
static long total = 400000, asked, answered, misses;
static uint64_t seed = 1;
static char *out_buffer;

static void must(bool is_good, const char *what)
{
	if (is_good)
		return;
	fprintf(stderr, "mcload: %s: %s\n", what, errno ? strerror(errno) : "bad answer");
	exit(1);
}

static unsigned next_random(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33);
}

static int connect_to(const char *path, int port)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(path ? AF_UNIX : AF_INET, SOCK_STREAM, 0), one = 1;

	must(fd >= 0, "socket");
	if (path) {
		must(strlen(path) < sizeof(un.sun_path), "path too long");
		strcpy(un.sun_path, path);
		must(!connect(fd, (struct sockaddr *)&un, sizeof(un)), path);
	} else {
		in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		must(!connect(fd, (struct sockaddr *)&in, sizeof(in)), "connect");
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
	return fd;
}

static size_t format_set(char *at, int key)
{
	size_t len = (size_t)sprintf(at, "set key%07d 0 0 %d\r\n", key, value_size);

	memset(at + len, 'v', (size_t)value_size);
	memcpy(at + len + value_size, "\r\n", 2);
	return len + (size_t)value_size + 2;
}

static void send_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);

		must(sent > 0, "send");
		bytes += sent;
		size -= (size_t)sent;
	}
}

static void ask(struct connection *c)
{
	char *at = out_buffer;

	for (c->owed = 0; c->owed < depth && asked < total; c->owed++, asked++) {
		int key = (int)(next_random() % (unsigned)keys);

		if (next_random() % 10 == 0)
			at += format_set(at, key);
		else
			at += sprintf(at, "get key%07d\r\n", key);
	}
	if (c->owed)
		send_all(c->fd, out_buffer, (size_t)(at - out_buffer));
}

/* One whole line of an answer, without its end. */
static void on_line(struct connection *c, const char *line)
{
	if (!strncmp(line, "VALUE ", 6)) {
		const char *size = strrchr(line, ' ');

		c->skip = strtoul(size, NULL, 10) + 2;
		c->is_hit = true;
		return;
	}
	errno = 0;
	if (!strcmp(line, "END"))
		misses += !c->is_hit;
	else
		must(!strcmp(line, "STORED"), line);
	c->is_hit = false;
	c->owed--;
	answered++;
}

static void on_bytes(struct connection *c, const char *at, size_t size)
{
	while (size) {
		size_t step = c->skip < size ? c->skip : size;

		c->skip -= step;
		at += step;
		size -= step;
		while (size && !c->skip) {
			size--;
			if (*at != '\n') {
				errno = 0;
				must(c->line_size < LINE_ROOM - 1, "line too long");
				c->line[c->line_size++] = *at++;
				continue;
			}
			at++;
			if (c->line_size && c->line[c->line_size - 1] == '\r')
				c->line_size--;
			c->line[c->line_size] = '\0';
			c->line_size = 0;
			on_line(c, c->line);
		}
	}
}

static void receive(struct connection *c)
{
	static char in_buffer[IN_ROOM];
	ssize_t got = recv(c->fd, in_buffer, sizeof(in_buffer), 0);

	if (!got)
		errno = ECONNRESET;
	must(got > 0, "recv");
	on_bytes(c, in_buffer, (size_t)got);
}

/* Stores every key once, so that gets hit. */
static void fill(struct connection *c)
{
	for (int key = 0; key < keys; key++) {
		send_all(c->fd, out_buffer, format_set(out_buffer, key));
		for (c->owed = 1; c->owed;)
			receive(c);
	}
	answered = 0;
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void serve(struct connection *all, struct pollfd *fds)
{
	for (int i = 0; i < connections; i++)
		ask(&all[i]);
	while (answered < total) {
		must(poll(fds, (nfds_t)connections, 10000) > 0, "poll");
		for (int i = 0; i < connections; i++) {
			if (!fds[i].revents)
				continue;
			receive(&all[i]);
			if (!all[i].owed)
				ask(&all[i]);
		}
	}
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	struct connection *all;
	struct pollfd *fds;
	int opt, port = 11211;
	double seconds;

	while ((opt = getopt(argc, argv, "s:p:c:n:d:k:v:")) != -1) {
		switch (opt) {
		case 's': path = optarg; break;
		case 'p': port = atoi(optarg); break;
		case 'c': connections = atoi(optarg); break;
		case 'n': total = atol(optarg); break;
		case 'd': depth = atoi(optarg); break;
		case 'k': keys = atoi(optarg); break;
		case 'v': value_size = atoi(optarg); break;
		default: return 2;
		}
	}
	if (connections < 1 || total < 1 || depth < 1 || keys < 1 || value_size < 1)
		return 2;
	all = calloc((size_t)connections, sizeof(*all));
	fds = calloc((size_t)connections, sizeof(*fds));
	out_buffer = malloc((size_t)depth * ((size_t)value_size + 64));
	must(all && fds && out_buffer, "memory");
	for (int i = 0; i < connections; i++) {
		all[i].fd = connect_to(path, port);
		fds[i] = (struct pollfd){.fd = all[i].fd, .events = POLLIN};
	}
	fill(&all[0]);
	seconds = now_s();
	serve(all, fds);
	seconds = now_s() - seconds;
	printf("mcload %ld %.3f %.0f %ld\n", answered, seconds, (double)answered / seconds, misses);
	return 0;
}
