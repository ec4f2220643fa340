/*
 * truth_resolve.c - a known wait in the functions that ask a name server.  See truth.h.
 *
 * The main thread is the name server, on a port of its own on the loopback: glibc keeps the servers' addresses by thread, so the waiter
 * asks it and nobody else, whatever resolv.conf and nsswitch.conf of the machine say.
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <nss.h>
#include <resolv.h>
#include <sys/socket.h>

#include "truth.h"

static int server;
static struct sockaddr_in server_at;

/* The waiter's own list of servers, and none but ours is asked; an answer is awaited for a minute. */
static void ask_ours(void)
{
	static bool does;

	if (does)
		return;
	must(!res_init(), "res_init");
	_res.nscount = 1;
	_res.nsaddr_list[0] = server_at;
	_res.retrans = 60;
	_res.retry = 1;
	does = true;
}

/* --- the name server ------------------------------------------------------------------------------------------------------------------ */

static unsigned char message[NS_PACKETSZ];
static struct sockaddr_in asker;

/* On its way to the question the waiter may be blocked elsewhere: in reading a file, say. */
static void await_question(void)
{
	char byte;

	/* asked very often, as in is_blocked() */
	while (syscall(SYS_recvfrom, server, &byte, 1, MSG_PEEK | MSG_DONTWAIT, NULL, NULL) < 0)
		sched_yield();
	while (!is_blocked())
		sched_yield();
	spend(HOLD_NS);
}

/* The question as it came; its length without what follows it. */
static size_t take_question(void)
{
	socklen_t size = sizeof(asker);
	size_t at = NS_HFIXEDSZ;
	ssize_t n;

	await_question();
	n = recvfrom(server, message, sizeof(message), MSG_DONTWAIT, (void *)&asker, &size);
	must(n > NS_HFIXEDSZ, "recvfrom");
	while (message[at])
		at += message[at] + 1u;
	return at + 1 + NS_QFIXEDSZ;
}

static long answer(size_t size, int code, int answers)
{
	HEADER *h = (HEADER *)(void *)message;

	h->qr = 1;
	h->ra = 1;
	h->rcode = (unsigned)code & 15;
	h->ancount = htons((uint16_t)answers);
	h->nscount = h->arcount = 0;
	must(sendto(server, message, size, 0, (void *)&asker, sizeof(asker)) == (ssize_t)size,
	     "sendto");
	return 0;
}

/* One record: of the name and type asked for, valid for a minute. */
enum { RECORD_HEAD = 12 };

static long answer_record(const void *data, size_t length)
{
	size_t size = take_question();
	unsigned char *p = message + size;

	*p++ = 0xc0;
	*p++ = NS_HFIXEDSZ;
	memcpy(p, message + size - NS_QFIXEDSZ, NS_QFIXEDSZ);
	p += NS_QFIXEDSZ;
	NS_PUT32(60, p);
	NS_PUT16(length, p);
	memcpy(p, data, length);
	return answer(size + RECORD_HEAD + length, ns_r_noerror, 1);
}

static APART long wake_address(void)
{
	static const unsigned char address[] = {192, 0, 2, 1};

	return answer_record(address, sizeof(address));
}

static APART long wake_name(void)
{
	static const unsigned char name[] = "\4host\7example";

	return answer_record(name, sizeof(name));
}

static APART long wake_unknown(void)
{
	return answer(take_question(), ns_r_nxdomain, 0);
}

static APART long wake_failure(void)
{
	return answer(take_question(), ns_r_servfail, 0);
}

/* --- the waiter --------------------------------------------------------------------------------------------------------------------------- */

/* A name with its root is looked up as it is, IPv4 alone in one question. */
static APART int look_up(void)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
	int err = getaddrinfo("host.example.", NULL, &hints, &found);

	if (found)
		freeaddrinfo(found);
	return err;
}

static APART long wait_getaddrinfo(void)
{
	int err;

	ask_ours();
	err = look_up();
	return err;
}

static APART long wait_unknown(void)
{
	int err;

	ask_ours();
	err = look_up();
	return err == EAI_NONAME ? -ENOENT : -1;
}

static APART long wait_failure(void)
{
	int err;

	ask_ours();
	err = look_up();
	return err == EAI_AGAIN ? -EAGAIN : -1;
}

static APART long wait_getnameinfo(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(0xc0000201)}};
	char host[64];
	int err;

	ask_ours();
	err = getnameinfo((void *)&a, sizeof(a), host, sizeof(host), NULL, 0, NI_NAMEREQD);
	return err || strcmp(host, "host.example") ? -1 : 0;
}

static APART long wait_gethostbyname(void)
{
	ask_ours();
	return gethostbyname("host.example.") ? 1 : -1;
}

static APART long wait_gethostbyname_r(void)
{
	struct hostent h, *found;
	char room[1024];
	int err, why;

	ask_ours();
	err = gethostbyname_r("host.example.", &h, room, sizeof(room), &found, &why);
	return err ? -err : found ? 0 : -1;
}

static APART long wait_gethostbyaddr(void)
{
	static const unsigned char address[] = {192, 0, 2, 1};

	ask_ours();
	return gethostbyaddr(address, sizeof(address), AF_INET) ? 1 : -1;
}

static APART long wait_res_query(void)
{
	unsigned char found[NS_PACKETSZ];

	ask_ours();
	return res_query("host.example.", ns_c_in, ns_t_a, found, sizeof(found));
}

/* What res_query answers: the length of the message. */
enum {
	ADDRESS_SIZE =
		NS_HFIXEDSZ + sizeof("\4host\7example") + NS_QFIXEDSZ + RECORD_HEAD + NS_INADDRSZ
};

#define ASK(name, place, wait, wake, result)                                                       \
	{                                                                                          \
		name, "resolve", NULL, wait, wake, NULL, #place, #wake, result, true, NULL         \
	}

static const struct truth_case cases[] = {
	ASK("getaddrinfo", look_up, wait_getaddrinfo, wake_address, 0),
	ASK("getaddrinfo_unknown", look_up, wait_unknown, wake_unknown, -ENOENT),
	ASK("getaddrinfo_failure", look_up, wait_failure, wake_failure, -EAGAIN),
	ASK("getnameinfo", wait_getnameinfo, wait_getnameinfo, wake_name, 0),
	ASK("gethostbyname", wait_gethostbyname, wait_gethostbyname, wake_address, 1),
	ASK("gethostbyname_unknown", wait_gethostbyname, wait_gethostbyname, wake_unknown, -1),
	ASK("gethostbyname_r", wait_gethostbyname_r, wait_gethostbyname_r, wake_address, 0),
	ASK("gethostbyaddr", wait_gethostbyaddr, wait_gethostbyaddr, wake_name, 1),
	ASK("res_query", wait_res_query, wait_res_query, wake_address, ADDRESS_SIZE),
	ASK("res_query_unknown", wait_res_query, wait_res_query, wake_unknown, -1),
};

static void set_up(void)
{
	socklen_t size = sizeof(server_at);

	server_at =
		(struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(server >= 0 && !bind(server, (void *)&server_at, size) &&
		     !getsockname(server, (void *)&server_at, &size),
	     "a port on the loopback");
	must(!__nss_configure_lookup("hosts", "dns"), "__nss_configure_lookup");
}

int main(int argc, char **argv)
{
	set_up();
	return truth_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
