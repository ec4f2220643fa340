/*
 * init.c - start-up of the recorder in a traced process: opens or makes the arena (arena.h), learns what this libc looks
 * like, and switches on.
 *
 * It runs once, in the constructor, before main and (by -z initfirst) before the constructors of other objects.  All of it is raw
 * system calls and plain memory, nothing stays open, and whatever fails leaves the program running unrecorded.
 *
 * The environment is read and never changed:
 *   CTRACE_ARENA      path of an arena that ctrace-run made
 *   CTRACE_DIR        without it: where to make a ring of our own, default the working directory
 *   CTRACE_THRESHOLD  without it: shortest wait on a lock worth a record, in microseconds
 */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "arena.h"
#include "capture/capture.h"
#include "capture/module.h"
#include "elf_symbol.h"
#include "plain.h"
#include "real.h"
#include "sys/mem.h"
#include "wrap.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

#define NO_SUCH_ADVICE 0x7fff

#define PAGE	       4096u
#define YIELD_NS       20000u /* shortest giving way worth a record where every call is recorded */
#define STACK_FALLBACK (8u << 20) /* when the stack limit is "unlimited"; glibc then takes 2 MiB */

struct process_facts {
	char **env;
	unsigned long vdso, phdr, phnum;
	char exe[1024];
	char comm[64];
};

/* --- small things ---------------------------------------------------------------------------------------------------------------- */

static void read_auxv(struct process_facts *f)
{
	char **p = f->env;
	const ElfW(auxv_t) * a;

	while (*p)
		p++;
	for (a = (const void *)(p + 1); a->a_type != AT_NULL; a++) {
		if (a->a_type == AT_SYSINFO_EHDR)
			f->vdso = a->a_un.a_val;
		else if (a->a_type == AT_PHDR)
			f->phdr = a->a_un.a_val;
		else if (a->a_type == AT_PHNUM)
			f->phnum = a->a_un.a_val;
	}
}

static const char *base_name(const char *path)
{
	const char *base = path;

	for (; *path; path++)
		if (*path == '/')
			base = path + 1;
	return base;
}

static void read_exe(struct process_facts *f)
{
	long n = ct_syscall4(__NR_readlinkat, AT_FDCWD, "/proc/self/exe", f->exe,
			     sizeof(f->exe) - 1);
	const char *base;
	size_t i;

	f->exe[n > 0 ? n : 0] = 0;
	base = base_name(f->exe);
	for (i = 0; i < sizeof(f->comm) - 1 && base[i]; i++)
		f->comm[i] = base[i];
	f->comm[i] = 0;
}

/* A page that reads zero in a forked child.  Without it a child could not be told from its parent, so nothing is recorded. */
static bool make_generation(void)
{
	void *p = ct_plain_map(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (!p)
		return false;
	if (ct_syscall3(__NR_madvise, p, PAGE, MADV_WIPEONFORK) < 0) {
		ct_syscall2(__NR_munmap, p, PAGE);
		return false;
	}
	/* an emulator (qemu-user) says yes to any advice */
	ct_cap.ask_pid = ct_syscall3(__NR_madvise, p, PAGE, NO_SUCH_ADVICE) == 0;
	ct_cap.asked_pid = (uint32_t)ct_getpid();
	ct_cap.generation = p;
	return true;
}

/* --- what this libc and this program look like -------------------------------------------------------------------------------------- */

static uint32_t parse_version(const char *s)
{
	uint32_t v[2] = {0, 0};
	int i;

	for (i = 0; i < 2; i++) {
		for (; *s >= '0' && *s <= '9'; s++)
			v[i] = v[i] * 10 + (uint32_t)(*s - '0');
		if (*s == '.')
			s++;
	}
	return v[0] << 16 | v[1];
}

static void describe_process(const struct process_facts *f, int argc, char **argv)
{
	struct ct_process_rec *p = &ct_cap.arena.processes[ct_cap.process];
	char line[1024];
	int i;

	line[0] = 0; /* all of it would be a call of memset */
	for (i = 0; i < argc; i++)
		if (!ct_plain_append(line, sizeof(line), i ? " " : "") ||
		    !ct_plain_append(line, sizeof(line), argv[i]))
			break;
	p->exe = ct_dict_string(&ct_cap.arena.dict, f->exe, ct_str_length(f->exe, sizeof(f->exe)));
	p->cmdline = ct_dict_string(&ct_cap.arena.dict, line, ct_str_length(line, sizeof(line)));
	p->glibc = parse_version(ct_loaded.libc_version);
}

static void find_namespace(void)
{
	struct stat st = {0};

	if (ct_syscall4(__NR_newfstatat, AT_FDCWD, "/proc/self/ns/pid", &st, 0) == 0)
		ct_cap.pid_namespace = st.st_ino;
}

static void main_thread_bounds(void)
{
	struct rlimit r = {0, 0};
	uint64_t size = STACK_FALLBACK;

	ct_syscall4(__NR_prlimit64, 0, RLIMIT_STACK, 0, &r);
	if (r.rlim_cur != RLIM_INFINITY && r.rlim_cur)
		size = r.rlim_cur;
	ct_cap.stack_default_bytes = size;
	if (ct_loaded.stack_end)
		ct_cap.main_stack_top = *(uintptr_t *)ct_loaded.stack_end;
}

static void start_main_thread(void)
{
	struct ct_slot *s = ct_slot_claim();
	struct ct_slot_private *own;

	if (!s)
		return;
	own = ct_own(s);
	own->bounds.hi = ct_cap.main_stack_top;
	own->bounds.lo = ct_cap.main_stack_top - ct_cap.stack_default_bytes;
	ct_slot_adopt(s, 0);
}

static bool wanted_here(void)
{
	const struct ct_shared *sh = ct_cap.arena.shared;

	return !sh->no_follow || !sh->root_pid || sh->root_pid == (uint32_t)ct_getpid();
}

/* Let go of everything; the wrappers find no slot and pass through. */
static void stay_dormant(void)
{
	ct_cap.arena.header = 0;
}

static void choose_clock(const struct process_facts *f)
{
	ct_clock_gettime_fn vdso =
		f->vdso ? (ct_clock_gettime_fn)ct_elf_vdso(f->vdso, CT_VDSO_CLOCK) : 0;
	const struct ct_header *h = ct_cap.arena.header;

	if (h) {
		ct_cap.clock.kind = h->clock;
		ct_cap.clock.shift = h->tick_shift;
		ct_cap.clock.vdso = vdso;
	} else {
		ct_clock_choose(&ct_cap.clock, vdso);
	}
}

__attribute__((constructor)) static void start(int argc, char **argv, char **env)
{
	static struct process_facts f; /* start-up is one thread */
	struct ct_module_boot boot = {0};
	const char *path;
	bool ours;

	ct_resolve_all();
	if (ct_cap.arena.header)
		return;
	/* musl gives constructors no arguments, and its objects are not the ones we know */
	if (!ct_loaded.is_glibc)
		return;
	path = ct_plain_env(env, "CTRACE_ARENA");
	ours = path && *path;
	f.env = env;
	read_auxv(&f);
	read_exe(&f);
	if (ours && !ct_arena_open(path))
		return;
	choose_clock(&f);
	if (!ours && !ct_arena_make(env, f.comm))
		return;
	if (!wanted_here() || !make_generation()) {
		stay_dormant();
		return;
	}
	ct_cap.ring = ct_cap.arena.header->policy == CT_POLICY_RING;
	ct_cap.wait_threshold = ct_cap.arena.header->wait_threshold_ticks;
	ct_cap.call_threshold = ct_cap.arena.header->call_threshold_ticks;
	ct_cap.yield_threshold = ct_cap.call_threshold ? ct_cap.call_threshold
						       : ct_cap.arena.header->ticks_per_second /
								 (1000000000u / YIELD_NS);
	find_namespace();
	if (!ct_filter_wants(ct_cap.arena.shared->filter, base_name(f.exe))) {
		/* its children are looked at by themselves, and need a parent in the tree */
		ct_cap.flags = CT_PROC_LEFT_OUT;
		if (ct_process_begin(0))
			describe_process(&f, argc, argv);
		stay_dormant();
		return;
	}
	ct_layouts_try();
	if (ct_loaded.find_object)
		ct_cap.flags |= CT_PROC_FIND_OBJECT;
	main_thread_bounds();
	boot.link_maps = ct_loaded.link_maps;
	boot.main_phdr = (const void *)f.phdr;
	boot.main_phnum = (unsigned)f.phnum;
	boot.main_path = f.exe[0] ? f.exe : 0;
	boot.own = (const void *)&start;
	boot.find_object = (ct_find_object_fn *)ct_loaded.find_object;
	boot.ticks = ct_now();
	ct_module_init(&ct_cap.arena.dict, &boot);
	if (!ct_process_begin(0)) {
		stay_dormant();
		return;
	}
	describe_process(&f, argc, argv);
	atomic_store_explicit(ct_cap.generation, (uint64_t)ct_cap.process + 1,
			      memory_order_release);
	if (!ours)
		atomic_store_explicit(&ct_cap.arena.header->enabled, 1, memory_order_release);
	start_main_thread();
}
