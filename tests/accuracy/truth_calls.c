/*
 * truth_calls.c - a known wait in every read, write, send, recv, accept, connect and poll function.
 * See truth.h.
 *
 * [0] of a pair is the waiter's end, [1] the waker's.  pread and pwrite are not here: they block on
 * disks only.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "truth.h"

static int pipe_in[2], pipe_out[2], stream[2], epoll_fd, listener, busy, caller = -1;
static struct sockaddr_un listener_at, busy_at;
static char bytes[65536];

static APART long wake_pipe(void)
{
	must(write(pipe_in[1], bytes, 1) == 1, "write");
	return 0;
}

static APART long wake_stream(void)
{
	must(send(stream[1], bytes, 1, 0) == 1, "send");
	return 0;
}

static APART long wait_read(void)
{
	ssize_t n = read(pipe_in[0], bytes, 1);

	return n < 0 ? -errno : n;
}

static APART long wait_readv(void)
{
	struct iovec v = {bytes, 1};
	ssize_t n = readv(pipe_in[0], &v, 1);

	return n < 0 ? -errno : n;
}

/* Fills what the waiter writes to, so that one more byte does not fit. */
static void fill_pipe(void)
{
	fcntl(pipe_out[0], F_SETFL, O_NONBLOCK);
	while (write(pipe_out[0], bytes, 4096) > 0)
		;
	must(errno == EAGAIN, "fill a pipe");
	fcntl(pipe_out[0], F_SETFL, 0);
}

static void fill_stream(void)
{
	while (send(stream[0], bytes, 4096, MSG_DONTWAIT) > 0)
		;
	must(errno == EAGAIN, "fill a socket");
}

static void empty(int fd)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
	must(errno == EAGAIN, "empty");
	fcntl(fd, F_SETFL, 0);
}

static void empty_pipe(void)
{
	empty(pipe_out[1]);
}

static void empty_stream(void)
{
	empty(stream[1]);
}

/* A page of room: a pipe takes no byte before a whole page is free. */
static APART long wake_drain_pipe(void)
{
	must(read(pipe_out[1], bytes, sizeof(bytes)) > 0, "read");
	return 0;
}

static APART long wake_drain_stream(void)
{
	empty(stream[1]);
	return 0;
}

static APART long wait_write(void)
{
	ssize_t n = write(pipe_out[0], bytes, 1);

	return n < 0 ? -errno : n;
}

static APART long wait_writev(void)
{
	struct iovec v = {bytes, 1};
	ssize_t n = writev(pipe_out[0], &v, 1);

	return n < 0 ? -errno : n;
}

static APART long wait_recv(void)
{
	ssize_t n = recv(stream[0], bytes, 1, 0);

	return n < 0 ? -errno : n;
}

static APART long wait_recvfrom(void)
{
	ssize_t n = recvfrom(stream[0], bytes, 1, 0, NULL, NULL);

	return n < 0 ? -errno : n;
}

static APART long wait_recvmsg(void)
{
	struct iovec v = {bytes, 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	ssize_t n = recvmsg(stream[0], &m, 0);

	return n < 0 ? -errno : n;
}

static APART long wait_send(void)
{
	ssize_t n = send(stream[0], bytes, 1, 0);

	return n < 0 ? -errno : n;
}

static APART long wait_sendto(void)
{
	ssize_t n = sendto(stream[0], bytes, 1, 0, NULL, 0);

	return n < 0 ? -errno : n;
}

static APART long wait_sendmsg(void)
{
	struct iovec v = {bytes, 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	ssize_t n = sendmsg(stream[0], &m, 0);

	return n < 0 ? -errno : n;
}

static int call_to(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && !connect(fd, (const struct sockaddr *)at, sizeof(*at)), "connect");
	return fd;
}

static APART long wake_call(void)
{
	caller = call_to(&listener_at);
	return 0;
}

static void hang_up(void)
{
	close(caller);
}

static APART long wait_accept(void)
{
	int fd = accept(listener, NULL, NULL);

	must(fd >= 0, "accept");
	close(fd);
	return 0;
}

static APART long wait_accept4(void)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	must(fd >= 0, "accept4");
	close(fd);
	return 0;
}

/* `busy` has room for one caller who is not yet answered. */
static void keep_busy(void)
{
	caller = call_to(&busy_at);
}

static APART long wait_connect(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err = connect(fd, (const struct sockaddr *)&busy_at, sizeof(busy_at));

	err = err ? -errno : 0;
	close(fd);
	return err;
}

static APART long wake_connect(void)
{
	int fd = accept(busy, NULL, NULL);

	must(fd >= 0, "accept");
	close(fd);
	return 0;
}

static void answer_and_hang_up(void)
{
	wake_connect();
	close(caller);
}

static APART long wait_poll(void)
{
	struct pollfd fd = {.fd = pipe_in[0], .events = POLLIN};
	int n = poll(&fd, 1, 60000);

	return n < 0 ? -errno : n;
}

static APART long wait_ppoll(void)
{
	struct pollfd fd = {.fd = pipe_in[0], .events = POLLIN};
	int n = ppoll(&fd, 1, NULL, NULL);

	return n < 0 ? -errno : n;
}

static APART long wait_select(void)
{
	fd_set set;
	int n;

	FD_ZERO(&set);
	FD_SET(pipe_in[0], &set);
	n = select(pipe_in[0] + 1, &set, NULL, NULL, NULL);
	return n < 0 ? -errno : n;
}

static APART long wait_pselect(void)
{
	fd_set set;
	int n;

	FD_ZERO(&set);
	FD_SET(pipe_in[0], &set);
	n = pselect(pipe_in[0] + 1, &set, NULL, NULL, NULL, NULL);
	return n < 0 ? -errno : n;
}

static APART long wait_epoll_wait(void)
{
	struct epoll_event event;
	int n = epoll_wait(epoll_fd, &event, 1, 60000);

	return n < 0 ? -errno : n;
}

static APART long wait_epoll_pwait(void)
{
	struct epoll_event event;
	int n = epoll_pwait(epoll_fd, &event, 1, -1, NULL);

	return n < 0 ? -errno : n;
}

static void take_byte(void)
{
	must(read(pipe_in[0], bytes, 1) == 1, "read");
}

static const struct truth_case cases[] = {
	CASE("read", "read", NULL, wait_read, wake_pipe, NULL, 1),
	CASE("readv", "readv", NULL, wait_readv, wake_pipe, NULL, 1),
	CASE("write", "write", fill_pipe, wait_write, wake_drain_pipe, empty_pipe, 1),
	CASE("writev", "writev", fill_pipe, wait_writev, wake_drain_pipe, empty_pipe, 1),
	CASE("recv", "recv", NULL, wait_recv, wake_stream, NULL, 1),
	CASE("recvfrom", "recv", NULL, wait_recvfrom, wake_stream, NULL, 1),
	CASE("recvmsg", "recvmsg", NULL, wait_recvmsg, wake_stream, NULL, 1),
	CASE("send", "send", fill_stream, wait_send, wake_drain_stream, empty_stream, 1),
	CASE("sendto", "send", fill_stream, wait_sendto, wake_drain_stream, empty_stream, 1),
	CASE("sendmsg", "sendmsg", fill_stream, wait_sendmsg, wake_drain_stream, empty_stream, 1),
	CASE("accept", "accept", NULL, wait_accept, wake_call, hang_up, ANY_RESULT),
	CASE("accept4", "accept", NULL, wait_accept4, wake_call, hang_up, ANY_RESULT),
	CASE("connect", "connect", keep_busy, wait_connect, wake_connect, answer_and_hang_up, 0),
	CASE("poll", "poll", NULL, wait_poll, wake_pipe, take_byte, 1),
	CASE("ppoll", "poll", NULL, wait_ppoll, wake_pipe, take_byte, 1),
	CASE("select", "select", NULL, wait_select, wake_pipe, take_byte, 1),
	CASE("pselect", "select", NULL, wait_pselect, wake_pipe, take_byte, 1),
	CASE("epoll_wait", "epoll_wait", NULL, wait_epoll_wait, wake_pipe, take_byte, 1),
	CASE("epoll_pwait", "epoll_wait", NULL, wait_epoll_pwait, wake_pipe, take_byte, 1),
};

static int listen_at(struct sockaddr_un *at, const char *what, int backlog)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* An abstract name: nothing to clean up.  The family and all of the path are the address. */
	at->sun_family = AF_UNIX;
	snprintf(at->sun_path + 1, sizeof(at->sun_path) - 1, "truth_ops.%s.%d", what,
		 (int)getpid());
	must(fd >= 0 && !bind(fd, (struct sockaddr *)at, sizeof(*at)) && !listen(fd, backlog),
	     "listen");
	return fd;
}

static void set_up(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int backwards[2];

	must(!pipe(pipe_in) && !pipe(backwards), "pipe");
	pipe_out[0] = backwards[1];
	pipe_out[1] = backwards[0];
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, stream), "socketpair");
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	must(epoll_fd >= 0 && !epoll_ctl(epoll_fd, EPOLL_CTL_ADD, pipe_in[0], &event), "epoll");
	listener = listen_at(&listener_at, "listener", 8);
	busy = listen_at(&busy_at, "busy", 0);
}

int main(int argc, char **argv)
{
	set_up();
	return truth_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
