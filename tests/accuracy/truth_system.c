/*
 * truth_system.c - a known wait for a child, a signal, another process's message, an asynchronous transfer, and through syscall().  See
 * truth.h.
 */
/* link: -laio -luring */
#include <aio.h>
#include <libaio.h>
#include <liburing.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/wait.h>

#include "truth.h"

static int pipe_in[2], sems = -1, messages = -1, counter, epoll_fd;
static pid_t child;
static char byte;

static APART long wake_pipe(void)
{
	must(write(pipe_in[1], "x", 1) == 1, "write");
	return 0;
}

static void take_byte(void)
{
	must(read(pipe_in[0], &byte, 1) == 1, "read");
}

/* --- children ------------------------------------------------------------------------------------------------------------------------- */

/* No handler and no exit function of ours runs in it. */
static void have_child(void)
{
	child = fork();
	must(child >= 0, "fork");
	while (!child)
		pause();
}

static APART long wake_child(void)
{
	return kill(child, SIGKILL);
}

static long is_child(pid_t pid)
{
	return pid < 0 ? -errno : pid == child ? 0 : -1;
}

static APART long wait_wait(void)
{
	return is_child(wait(NULL));
}

static APART long wait_waitpid(void)
{
	return is_child(waitpid(child, NULL, 0));
}

static APART long wait_wait3(void)
{
	return is_child(wait3(NULL, 0, NULL));
}

static APART long wait_wait4(void)
{
	return is_child(wait4(child, NULL, 0, NULL));
}

static APART long wait_waitid(void)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)child, &info, WEXITED) ? -errno : 0;
}

static APART long wait_system(void)
{
	return system("exec sleep 0.002");
}

static FILE *command;

static void run_command(void)
{
	command = popen("exec sleep 60", "r");
	must(command != NULL, "popen");
}

static APART long wait_pclose(void)
{
	return pclose(command) == SIGKILL ? 0 : -1;
}

/* It is the newest child; popen tells no pid. */
static APART long wake_command(void)
{
	char path[64], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0, path);
	close(fd);
	return kill(atoi(text), SIGKILL);
}

/* --- signals --------------------------------------------------------------------------------------------------------------------------- */

static void handler(int sig)
{
	(void)sig;
}

static sigset_t usr1;

static APART long wake_signal(void)
{
	return tgkill(getpid(), meeting->waiter_tid, SIGUSR1);
}

static APART long wait_sigwait(void)
{
	int sig;

	return sigwait(&usr1, &sig);
}

static APART long wait_sigwaitinfo(void)
{
	return sigwaitinfo(&usr1, NULL) == SIGUSR1 ? 0 : -errno;
}

static APART long wait_sigtimedwait(void)
{
	struct timespec ts = {60, 0};

	return sigtimedwait(&usr1, NULL, &ts) == SIGUSR1 ? 0 : -errno;
}

static APART long wait_sigtimedwait_out(void)
{
	struct timespec ts = {0, HOLD_NS};

	sigtimedwait(&usr1, NULL, &ts);
	return -errno;
}

static APART long wait_sigsuspend(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigsuspend(&none);
	return -errno;
}

/* --- System V and POSIX messages -------------------------------------------------------------------------------------------------- */

struct message {
	long type;
	char text[8000];
};

static struct message message = {1, ""};

static APART long wait_semop(void)
{
	struct sembuf op = {0, -1, 0};

	return semop(sems, &op, 1) ? -errno : 0;
}

static APART long wait_semtimedop(void)
{
	struct sembuf op = {0, -1, 0};
	struct timespec ts = {60, 0};

	return semtimedop(sems, &op, 1, &ts) ? -errno : 0;
}

static APART long wake_semop(void)
{
	struct sembuf op = {0, 1, 0};

	return semop(sems, &op, 1);
}

static APART long wait_msgrcv(void)
{
	struct message m;
	ssize_t n = msgrcv(messages, &m, sizeof(m.text), 0, 0);

	return n < 0 ? -errno : n;
}

static APART long wake_msgsnd(void)
{
	return msgsnd(messages, &message, 1, 0);
}

static void fill_messages(void)
{
	while (!msgsnd(messages, &message, sizeof(message.text), IPC_NOWAIT))
		;
	must(errno == EAGAIN, "fill a queue");
}

static APART long wait_msgsnd(void)
{
	return msgsnd(messages, &message, sizeof(message.text), 0) ? -errno : 0;
}

static APART long wake_msgrcv(void)
{
	struct message m;

	return msgrcv(messages, &m, sizeof(m.text), 0, 0) > 0 ? 0 : -1;
}

static void empty_messages(void)
{
	struct message m;

	while (msgrcv(messages, &m, sizeof(m.text), 0, IPC_NOWAIT) > 0)
		;
}

static mqd_t queue = -1;

static APART long wait_mq_receive(void)
{
	ssize_t n = mq_receive(queue, message.text, sizeof(message.text), NULL);

	return n < 0 ? -errno : n;
}

static APART long wait_mq_timedreceive(void)
{
	ssize_t n =
		mq_timedreceive(queue, message.text, sizeof(message.text), NULL, LATER(REALTIME));

	return n < 0 ? -errno : n;
}

static APART long wake_mq_send(void)
{
	return mq_send(queue, "x", 1, 0);
}

static void fill_queue(void)
{
	must(!mq_send(queue, "x", 1, 0), "mq_send");
}

static APART long wait_mq_send(void)
{
	return mq_send(queue, "x", 1, 0) ? -errno : 0;
}

static APART long wait_mq_timedsend(void)
{
	return mq_timedsend(queue, "x", 1, 0, LATER(REALTIME)) ? -errno : 0;
}

static APART long wake_mq_receive(void)
{
	return mq_receive(queue, message.text, sizeof(message.text), NULL) == 1 ? 0 : -1;
}

static void take_message(void)
{
	must(!wake_mq_receive(), "mq_receive");
}

/* --- asynchronous transfers -------------------------------------------------------------------------------------------------------- */

static struct aiocb transfer;

static void begin_transfer(void)
{
	transfer = (struct aiocb){.aio_fildes = pipe_in[0], .aio_buf = &byte, .aio_nbytes = 1};
	must(!aio_read(&transfer), "aio_read");
}

static APART long wait_aio_suspend(void)
{
	const struct aiocb *list[] = {&transfer};

	return aio_suspend(list, 1, NULL) ? -errno : 0;
}

static void end_transfer(void)
{
	must(aio_return(&transfer) == 1, "aio_return");
}

static APART long wait_lio_listio(void)
{
	struct aiocb *list[] = {&transfer};

	transfer = (struct aiocb){.aio_fildes = pipe_in[0],
				  .aio_buf = &byte,
				  .aio_nbytes = 1,
				  .aio_lio_opcode = LIO_READ};
	return lio_listio(LIO_WAIT, list, 1, NULL) ? -errno : 0;
}

static io_context_t context;

static APART long wait_io_getevents(void)
{
	struct timespec ts = {0, HOLD_NS};
	struct io_event event;

	return io_getevents(context, 1, 1, &event, &ts);
}

static struct io_uring ring;

static void poll_ring(void)
{
	io_uring_prep_poll_add(io_uring_get_sqe(&ring), pipe_in[0], POLLIN);
	must(io_uring_submit(&ring) == 1, "io_uring_submit");
}

static APART long wait_io_uring(void)
{
	struct io_uring_cqe *cqe;
	int err = io_uring_wait_cqe(&ring, &cqe);

	if (!err)
		io_uring_cqe_seen(&ring, cqe);
	return err;
}

/* --- by number --------------------------------------------------------------------------------------------------------------------------- */

static APART long wait_syscall_read(void)
{
	long n = syscall(SYS_read, pipe_in[0], &byte, 1);

	return n < 0 ? -errno : n;
}

static APART long wait_syscall_epoll(void)
{
	struct epoll_event event;
	long n = syscall(SYS_epoll_pwait, epoll_fd, &event, 1, -1, NULL, 8);

	return n < 0 ? -errno : n;
}

static APART long wait_syscall_nanosleep(void)
{
	struct timespec ts = {0, HOLD_NS};

	return syscall(SYS_nanosleep, &ts, NULL) ? -errno : 0;
}

static uint32_t word = 1;

static APART long wait_syscall_futex(void)
{
	return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0) ? -errno : 0;
}

static APART long wake_syscall_futex(void)
{
	return syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 1 ? 0 : -1;
}

static APART long wait_eventfd(void)
{
	eventfd_t value;

	return eventfd_read(counter, &value) ? -errno : 0;
}

static APART long wake_eventfd(void)
{
	return eventfd_write(counter, 1);
}

#define ENDS(name, op, result)                                                                     \
	{                                                                                          \
#name, op, NULL, wait_##name, NULL, NULL, "wait_" #name, "-", result, false, NULL  \
	}

static const struct truth_case cases[] = {
	CASE("wait", "process", have_child, wait_wait, wake_child, NULL, ANY_RESULT),
	CASE("waitpid", "process", have_child, wait_waitpid, wake_child, NULL, ANY_RESULT),
	CASE("wait3", "process", have_child, wait_wait3, wake_child, NULL, ANY_RESULT),
	CASE("wait4", "process", have_child, wait_wait4, wake_child, NULL, ANY_RESULT),
	CASE("waitid", "process", have_child, wait_waitid, wake_child, NULL, 0),
	ENDS(system, "process", 0),
	CASE("pclose", "process", run_command, wait_pclose, wake_command, NULL, ANY_RESULT),
	CASE("sigwait", "sigwait", NULL, wait_sigwait, wake_signal, NULL, 0),
	CASE("sigwaitinfo", "sigwait", NULL, wait_sigwaitinfo, wake_signal, NULL, ANY_RESULT),
	CASE("sigtimedwait", "sigwait", NULL, wait_sigtimedwait, wake_signal, NULL, ANY_RESULT),
	ENDS(sigtimedwait_out, "sigwait", -EAGAIN),
	CASE("sigsuspend", "sigwait", NULL, wait_sigsuspend, wake_signal, NULL, -EINTR),
	CASE("semop", "semop", NULL, wait_semop, wake_semop, NULL, 0),
	CASE("semtimedop", "semop", NULL, wait_semtimedop, wake_semop, NULL, 0),
	CASE("msgrcv", "msgrcv", NULL, wait_msgrcv, wake_msgsnd, NULL, 1),
	CASE("msgsnd", "msgsnd", fill_messages, wait_msgsnd, wake_msgrcv, empty_messages, 0),
	CASE("mq_receive", "mq_receive", NULL, wait_mq_receive, wake_mq_send, NULL, 1),
	CASE("mq_timedreceive", "mq_receive", NULL, wait_mq_timedreceive, wake_mq_send, NULL, 1),
	CASE("mq_send", "mq_send", fill_queue, wait_mq_send, wake_mq_receive, take_message, 0),
	CASE("mq_timedsend", "mq_send", fill_queue, wait_mq_timedsend, wake_mq_receive,
	     take_message, 0),
	CASE("aio_suspend", "aio", begin_transfer, wait_aio_suspend, wake_pipe, end_transfer, 0),
	CASE("lio_listio", "aio", NULL, wait_lio_listio, wake_pipe, end_transfer, 0),
	ENDS(io_getevents, "io_getevents", 0),
	CASE_IN(io_uring_wait_cqe_nr, "io_uring", "io_uring", poll_ring, wait_io_uring, wake_pipe,
		take_byte, 0),
	CASE("syscall_read", "read", NULL, wait_syscall_read, wake_pipe, NULL, 1),
	CASE("syscall_epoll", "epoll_wait", NULL, wait_syscall_epoll, wake_pipe, take_byte, 1),
	ENDS(syscall_nanosleep, "sleep", 0),
	CASE("syscall_futex", "futex", NULL, wait_syscall_futex, wake_syscall_futex, NULL, 0),
	CASE("eventfd", "read", NULL, wait_eventfd, wake_eventfd, NULL, 0),
};

static void *set_up(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = sizeof(message.text)};
	struct sigaction action = {.sa_handler = handler};
	char name[64];

	must(!pipe2(pipe_in, O_CLOEXEC), "pipe");
	sems = semget(IPC_PRIVATE, 1, 0600);
	messages = msgget(IPC_PRIVATE, 0600);
	must(sems >= 0 && messages >= 0, "System V");
	snprintf(name, sizeof(name), "/truth_system.%d", (int)getpid());
	queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
	must(queue >= 0, "mq_open");
	mq_unlink(name);
	counter = eventfd(0, EFD_CLOEXEC);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	must(counter >= 0 && epoll_fd >= 0, "eventfd");
	must(!epoll_ctl(epoll_fd, EPOLL_CTL_ADD, pipe_in[0], &event), "epoll_ctl");
	must(!io_setup(1, &context), "io_setup");
	errno = -io_uring_queue_init(4, &ring, 0);
	must(!errno, "io_uring_queue_init");
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	must(!sigaction(SIGUSR1, &action, NULL), "sigaction");
	return NULL;
}

int main(int argc, char **argv)
{
	int status;

	set_up();
	status = truth_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
	semctl(sems, 0, IPC_RMID);
	msgctl(messages, IPC_RMID, NULL);
	return status;
}
