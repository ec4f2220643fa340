/*
 * sockets.c - see sockets.h.
 */
#include "sockets.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX                                                                                  \
	20000 /* a table longer than this is not read to its end: it would take a processor */
#define TCP_LISTEN 10u

static void address_text(const char *hex, char *to, size_t room)
{
	unsigned char raw[16];
	char ip[INET6_ADDRSTRLEN] = "?";
	unsigned port = 0;
	size_t words = strcspn(hex, ":") / 8, i;

	/* the kernel prints 32-bit words of the address as the machine holds them */
	for (i = 0; i < words && i < 4; i++) {
		char word[9] = "";
		uint32_t v;

		memcpy(word, hex + i * 8, 8);
		v = (uint32_t)strtoul(word, NULL, 16);
		memcpy(raw + i * 4, &v, 4);
	}
	sscanf(hex + words * 8, ":%x", &port);
	if (words == 1)
		inet_ntop(AF_INET, raw, ip, sizeof(ip));
	else if (words == 4 && !memcmp(raw, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12))
		inet_ntop(AF_INET, raw + 12, ip, sizeof(ip));
	else if (words == 4)
		inet_ntop(AF_INET6, raw, ip, sizeof(ip));
	snprintf(to, room, strchr(ip, ':') ? "[%s]:%u" : "%s:%u", ip, port);
}

static void add(struct ct_sockets *s, uint64_t inode, const char *name)
{
	size_t n = strlen(name) + 1;
	struct ct_set_row *row;

	if (!inode)
		return;
	if (s->used + n > s->room) {
		size_t room = s->room ? s->room * 2 : 16384;
		char *text = realloc(s->text, room);

		if (!text)
			return;
		s->text = text;
		s->room = room;
	}
	row = ct_set_at(&s->known, inode, NULL);
	if (!row)
		return;
	memcpy(s->text + s->used, name, n);
	row->value = s->used + 1;
	s->used += n;
}

static FILE *open_table(uint32_t pid, const char *table)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/net/%s", pid, table);
	return fopen(path, "re");
}

static void read_inet(struct ct_sockets *s, uint32_t pid, const char *table)
{
	char line[512], local[64], remote[64], a[96], b[96], name[256];
	FILE *f = open_table(pid, table);
	unsigned long inode;
	unsigned state;
	int n = 0;

	while (f && n++ < LINES_MAX && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %*d: %63s %63s %x %*s %*s %*s %*s %*s %lu", local, remote,
			   &state, &inode) != 4)
			continue;
		address_text(local, a, sizeof(a));
		address_text(remote, b, sizeof(b));
		if (state == TCP_LISTEN)
			snprintf(name, sizeof(name), "%.3s %s (listening)", table, a);
		else
			snprintf(name, sizeof(name), "%.3s %s -> %s", table, a, b);
		add(s, inode, name);
	}
	if (f)
		fclose(f);
}

static void read_unix(struct ct_sockets *s, uint32_t pid)
{
	char line[512], path[256], name[288];
	FILE *f = open_table(pid, "unix");
	unsigned long inode;
	int n = 0;

	while (f && n++ < LINES_MAX && fgets(line, sizeof(line), f)) {
		path[0] = 0;
		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %lu %255s", &inode, path) < 1)
			continue;
		snprintf(name, sizeof(name), "unix socket%s%s", path[0] ? " " : "", path);
		add(s, inode, name);
	}
	if (f)
		fclose(f);
}

static void read_tables(struct ct_sockets *s, uint32_t pid)
{
	static const char *const tables[] = {"tcp", "tcp6", "udp", "udp6"};
	size_t i;

	ct_set_free(&s->known);
	s->used = 0;
	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		read_inet(s, pid, tables[i]);
	read_unix(s, pid);
}

const char *ct_sockets_name(struct ct_sockets *s, uint32_t pid, uint64_t inode, uint64_t second)
{
	struct ct_set_row *row;

	if (pid == s->pid && s->read_second && (row = ct_set_find(&s->known, inode)))
		return s->text + row->value - 1;
	if (pid == s->pid && s->read_second == second)
		return NULL;
	read_tables(s, pid);
	s->pid = pid;
	s->read_second = second;
	row = ct_set_find(&s->known, inode);
	return row ? s->text + row->value - 1 : NULL;
}

void ct_sockets_free(struct ct_sockets *s)
{
	ct_set_free(&s->known);
	free(s->text);
}
