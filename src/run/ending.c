/*
 * ending.c - see ending.h.
 */
#include "ending.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/outside.h"

/* As in linux/pidfd.h of 6.15, which older systems do not have. */
struct pidfd_info {
	uint64_t mask, cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};
#define PIDFD_INFO_EXIT (1u << 3)
#define PIDFD_GET_INFO	_IOWR(0xff, 11, struct pidfd_info)

static bool ask_kernel(int pidfd, uint32_t *status)
{
	struct pidfd_info info = {.mask = PIDFD_INFO_EXIT};

	if (ioctl(pidfd, PIDFD_GET_INFO, &info) < 0 || !(info.mask & PIDFD_INFO_EXIT))
		return false;
	*status = (uint32_t)info.exit_code;
	return true;
}

/* Field 52 of /proc/PID/stat, of a zombie; 0 also where we may not look, so 0 is believed only with the right to. */
static bool ask_proc(pid_t pid, uint32_t *status)
{
	char path[64], text[2048];
	const char *at = ct_outside_stat(pid, text, sizeof(text));
	ssize_t n;
	int fd, field;

	if (!at || *at != 'Z')
		return false;
	for (field = 3; at && field < 52; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return false;
	*status = (uint32_t)strtoul(at + 1, NULL, 10);
	if (*status)
		return true;
	/* the same right, asked where a refusal can be told from a zero */
	snprintf(path, sizeof(path), "/proc/%d/io", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
	if (fd >= 0)
		close(fd);
	return n > 0;
}

static bool is_there(int pidfd)
{
	return syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) == 0 || errno == EPERM;
}

enum ct_ending ct_ending_of(int pidfd, pid_t pid, uint32_t *status)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	if (poll(&p, 1, 0) != 1)
		return CT_ENDING_NOT;
	if (ask_kernel(pidfd, status))
		return CT_ENDING_KNOWN;
	/* its number is its own as long as it is there */
	if (ask_proc(pid, status) && is_there(pidfd))
		return CT_ENDING_KNOWN;
	return is_there(pidfd)		   ? CT_ENDING_WAITING
	       : ask_kernel(pidfd, status) ? CT_ENDING_KNOWN
					   : CT_ENDING_UNKNOWN;
}
