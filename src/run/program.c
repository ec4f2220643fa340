/*
 * program.c - see program.h.
 *
 * Why a program cannot be traced is told from its file: no dynamic linker to obey LD_PRELOAD (static), another one (musl, another
 * architecture), or one that ignores it because the kernel will say AT_SECURE (setuid, setgid, file capabilities).
 */
#include "program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#else
#define OUR_MACHINE EM_AARCH64
#endif

__attribute__((format(printf, 4, 5))) static void refuse(struct ct_program *p, int status,
							 int runnable, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	/* the first reason is the one to tell */
	if (!p->status) {
		p->status = status;
		p->runnable = runnable;
		vsnprintf(p->why, sizeof(p->why), format, ap);
	}
	va_end(ap);
}

/* The kernel tells of its switches all the same. */
static void allow_switches(struct ct_program *p, const char *what, bool obeys)
{
	if (!p->runnable || p->what)
		return;
	p->what = what;
	p->obeys = obeys;
}

/* --- the search -------------------------------------------------------------------------------------------------------------- */

static int usable(const char *path, int *err)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			*err = errno;
		return 0;
	}
	if (!S_ISREG(st.st_mode)) {
		*err = S_ISDIR(st.st_mode) ? EISDIR : EACCES;
		return 0;
	}
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0) {
		*err = errno;
		return 0;
	}
	return 1;
}

static void search(struct ct_program *p, const char *name)
{
	const char *path = getenv("PATH"), *colon;
	int err = ENOENT;

	if (strchr(name, '/')) {
		if (snprintf(p->path, sizeof(p->path), "%s", name) >= (int)sizeof(p->path))
			err = ENAMETOOLONG;
		else if (usable(p->path, &err))
			return;
		refuse(p, err == ENOENT ? 127 : 126, 0, "%s: %s", name, strerror(err));
		return;
	}
	if (!path)
		path = "/bin:/usr/bin"; /* what execvp takes without one */
	for (; *name; path = colon + 1) {
		colon = strchrnul(path, ':');
		if (snprintf(p->path, sizeof(p->path), "%.*s%s%s", (int)(colon - path), path,
			     colon == path ? "" : "/", name) < (int)sizeof(p->path) &&
		    usable(p->path, &err))
			return;
		if (!*colon)
			break;
	}
	if (err == ENOENT)
		refuse(p, 127, 0, "%s: no such program in PATH", *name ? name : "''");
	else
		refuse(p, 126, 0, "%s: found in PATH, but: %s", name, strerror(err));
}

/* --- what it is -------------------------------------------------------------------------------------------------------------- */

static int gains_privilege(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return 0;
	if ((st.st_mode & S_ISUID) && st.st_uid != geteuid())
		return 1;
	if ((st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP) && st.st_gid != getegid())
		return 1;
	return geteuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0;
}

/* A string at a file offset, cut to fit. */
static void read_string(int fd, uint64_t at, char *to, size_t room)
{
	ssize_t n = pread(fd, to, room - 1, (off_t)at);

	to[n > 0 ? n : 0] = 0;
}

static uint64_t to_offset(const Elf64_Phdr *ph, int n, uint64_t vaddr)
{
	int i;

	for (i = 0; i < n; i++)
		if (ph[i].p_type == PT_LOAD && vaddr >= ph[i].p_vaddr &&
		    vaddr - ph[i].p_vaddr < ph[i].p_filesz)
			return vaddr - ph[i].p_vaddr + ph[i].p_offset;
	return 0;
}

/* The sanitizer runtime in DT_NEEDED, by the name it is needed under. */
static void find_sanitizer(struct ct_program *p, int fd, const Elf64_Phdr *ph, int n,
			   const Elf64_Phdr *dynamic)
{
	Elf64_Dyn d[256];
	ssize_t got = pread(fd, d, dynamic->p_filesz < sizeof(d) ? dynamic->p_filesz : sizeof(d),
			    (off_t)dynamic->p_offset);
	size_t count = got > 0 ? (size_t)got / sizeof(d[0]) : 0, i;
	uint64_t strings = 0;
	char name[256];

	for (i = 0; i < count && d[i].d_tag != DT_NULL; i++)
		if (d[i].d_tag == DT_STRTAB)
			strings = to_offset(ph, n, d[i].d_un.d_val);
	for (i = 0; strings && i < count && d[i].d_tag != DT_NULL; i++) {
		if (d[i].d_tag != DT_NEEDED)
			continue;
		read_string(fd, strings + d[i].d_un.d_val, name, sizeof(name));
		if (!strncmp(name, "libasan.so", 10) || !strncmp(name, "libtsan.so", 10) ||
		    !strncmp(name, "liblsan.so", 10))
			snprintf(p->wants_first, sizeof(p->wants_first), "%s", name);
	}
}

static void judge_elf(struct ct_program *p, int fd, const char *path, const Elf64_Ehdr *e)
{
	Elf64_Phdr ph[64];
	int n = e->e_phnum < 64 ? e->e_phnum : 64, i, has_interp = 0, dynamic = -1;
	char interp[256] = "";

	if (e->e_ident[EI_CLASS] != ELFCLASS64) {
		refuse(p, 126, 1, "%s: a 32-bit program; ctrace traces 64-bit ones", path);
		allow_switches(p, "a 32-bit program", false);
		return;
	}
	if (e->e_machine != OUR_MACHINE) {
		refuse(p, 126, 1, "%s: a program for another architecture (ELF machine %u)", path,
		       e->e_machine);
		return;
	}
	if (pread(fd, ph, (size_t)n * sizeof(ph[0]), (off_t)e->e_phoff) !=
	    (ssize_t)((size_t)n * sizeof(ph[0]))) {
		refuse(p, 126, 0, "%s: a damaged ELF file", path);
		return;
	}
	for (i = 0; i < n; i++) {
		if (ph[i].p_type == PT_INTERP) {
			has_interp = 1;
			read_string(fd, ph[i].p_offset, interp,
				    ph[i].p_filesz < sizeof(interp) ? ph[i].p_filesz + 1
								    : sizeof(interp));
		} else if (ph[i].p_type == PT_DYNAMIC) {
			dynamic = i;
		}
	}
	/* the kernel cleans its environment and lets go of its switches, whatever it is */
	if (gains_privilege(fd, path)) {
		refuse(p, 126, 1,
		       "%s: setuid, setgid or with file capabilities; the dynamic linker ignores "
		       "LD_PRELOAD",
		       path);
	} else if (!has_interp) {
		refuse(p, 126, 1,
		       "%s: statically linked; there is no dynamic linker to load the recorder",
		       path);
		allow_switches(p, "a static program", true);
	} else if (strstr(interp, "ld-musl")) {
		refuse(p, 126, 1, "%s: a program of another libc (%s); ctrace traces glibc's", path,
		       interp);
		allow_switches(p, "a program of another libc", true);
	} else if (dynamic >= 0) {
		find_sanitizer(p, fd, ph, n, &ph[dynamic]);
	}
}

/* "#!interpreter argument": the interpreter is what runs. */
static void judge(struct ct_program *p, const char *path, int depth);

static void judge_script(struct ct_program *p, const char *path, const char *line, int depth)
{
	char interp[PATH_MAX];
	size_t n;
	int err = ENOENT;

	line += strspn(line, " \t");
	n = strcspn(line, " \t\n");
	if (n >= sizeof(interp))
		n = sizeof(interp) - 1;
	memcpy(interp, line, n);
	interp[n] = 0;
	if (!usable(interp, &err))
		refuse(p, 126, 0, "%s: its interpreter %s: %s", path, interp, strerror(err));
	else if (depth < 4)
		judge(p, interp, depth + 1);
}

static void judge(struct ct_program *p, const char *path, int depth)
{
	union {
		Elf64_Ehdr e;
		char text[512];
	} head;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return; /* executable but not readable: run it and see */
	memset(&head, 0, sizeof(head));
	n = pread(fd, &head, sizeof(head) - 1, 0);
	if (n >= (ssize_t)sizeof(head.e) && !memcmp(head.e.e_ident, ELFMAG, SELFMAG))
		judge_elf(p, fd, path, &head.e);
	else if (n >= 2 && !memcmp(head.text, "#!", 2))
		judge_script(p, path, head.text + 2, depth);
	else if (n == 0 || memchr(head.text, 0, (size_t)n))
		refuse(p, 126, 0, "%s: not an executable program", path);
	/* else text without "#!": a shell script, which execvp hands to /bin/sh */
	close(fd);
}

void ct_program_find(struct ct_program *p, const char *name)
{
	memset(p, 0, sizeof(*p));
	search(p, name);
	if (!p->status)
		judge(p, p->path, 0);
}

void ct_program_judge(struct ct_program *p, const char *path)
{
	memset(p, 0, sizeof(*p));
	judge(p, path, 0);
}
