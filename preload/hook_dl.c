/*
 * hook_dl.c - loads whose calls will not come to us: dlopen() with RTLD_DEEPBIND, which looks into the object's own libraries before the
 * program's, and dlmopen() into another namespace, which has a libc of its own.  They are counted in the process's row; what they
 * load goes its way (entry_dl.S).
 */
#include "wrap.h"

#include "sys/mem.h"

void *(*ct_real_dlopen)(const char *, int)__attribute__((visibility("hidden")));
void *(*ct_real_dlmopen)(long, const char *, int)__attribute__((visibility("hidden")));

void ct_dl_resolve(void) __attribute__((visibility("hidden")));
void ct_dl_deepbind(const char *path) __attribute__((visibility("hidden")));
void ct_dl_namespace(long id, const char *path) __attribute__((visibility("hidden")));

/* dlopen's answer where there is none, which nobody can ask before glibc 2.34 without having loaded libdl. */
static void *missing_dlopen(const char *path, int flags)
{
	(void)path;
	(void)flags;
	return 0;
}

static void *missing_dlmopen(long id, const char *path, int flags)
{
	(void)id;
	(void)path;
	(void)flags;
	return 0;
}

/* Not with all others at the start: a libdl may come later, with whoever calls this. */
void ct_dl_resolve(void)
{
	void *open = ct_resolve_next("dlopen"), *other = ct_resolve_next("dlmopen");

	if (open)
		__atomic_store_n((void **)&ct_real_dlopen, open, __ATOMIC_RELEASE);
	if (other)
		__atomic_store_n((void **)&ct_real_dlmopen, other, __ATOMIC_RELEASE);
	if (!ct_real_dlopen)
		ct_real_dlopen = missing_dlopen;
	if (!ct_real_dlmopen)
		ct_real_dlmopen = missing_dlmopen;
}

static void note(size_t loads_at, size_t path_at, const char *path)
{
	struct ct_slot *s = ct_self();
	struct ct_process_rec *p;
	_Atomic uint32_t *loads;

	/* NULL is the program itself, which is where it was */
	if (!s || !path)
		return;
	p = &ct_cap.arena.processes[s->process];
	loads = (_Atomic uint32_t *)(void *)((char *)p + loads_at);
	if (atomic_fetch_add_explicit(loads, 1, memory_order_relaxed) == 0)
		*(uint32_t *)(void *)((char *)p + path_at) =
			ct_dict_string(&ct_cap.arena.dict, path, ct_str_length(path, 1024));
}

void ct_dl_deepbind(const char *path)
{
	note(offsetof(struct ct_process_rec, deepbind_loads),
	     offsetof(struct ct_process_rec, deepbind_path), path);
}

void ct_dl_namespace(long id, const char *path)
{
	(void)id;
	note(offsetof(struct ct_process_rec, namespace_loads),
	     offsetof(struct ct_process_rec, namespace_path), path);
}
