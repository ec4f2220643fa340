/*
 * fd_names.c - a number that is a socket while it is waited on, and a file ever after.
 *
 *	fd_names FILE FIFO
 *
 * Sends more than fits to a peer that waits, so that the send does too; closes the socket, and FILE gets its number, which is printed.  Then
 * reads from FIFO until somebody has written there, and prints that number.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int pair[2];
static char bytes[1 << 20];

static void must(int is_good, const char *what)
{
	if (is_good)
		return;
	perror(what);
	exit(1);
}

static void *take_all(void *p)
{
	static char to[1 << 16];

	usleep(5000);
	while (recv(pair[1], to, sizeof(to), 0) > 0)
		;
	return p;
}

int main(int argc, char **argv)
{
	pthread_t peer;
	ssize_t n;
	int fd;

	must(argc == 3, "fd_names FILE FIFO");
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
	must(pthread_create(&peer, NULL, take_all, NULL) == 0, "pthread_create");
	for (size_t sent = 0; sent < sizeof(bytes); sent += (size_t)n) {
		n = send(pair[0], bytes + sent, sizeof(bytes) - sent, 0);
		must(n > 0, "send");
	}
	close(pair[0]);
	fd = open(argv[1], O_WRONLY | O_CREAT, 0600);
	must(fd == pair[0], "the same number");
	printf("%d\n", fd);
	pthread_join(peer, NULL);
	must(mkfifo(argv[2], 0600) == 0, "mkfifo");
	/* opened for both, so that opening does not wait */
	fd = open(argv[2], O_RDWR);
	must(fd >= 0, argv[2]);
	printf("%d\n", fd);
	fflush(stdout);
	must(read(fd, bytes, 1) == 1, "read");
	return 0;
}
