/*
 * symbols.c - sessions and modules: decides which files may speak for a module, asks them, and keeps
 * the answers.
 *
 * A module is probed when it is first named: its file and debug files are opened, identified and
 * closed again, which costs some 100 us and gives status, text and cache key.  Only an address that
 * neither the session nor the disk cache knows opens the "origin" of the module: symbol tables at
 * once, DWARF at the first question it can answer.  A few origins stay open (ORIGINS_MAX); asking
 * module by module is therefore much faster than asking at random.
 */
#include "symbols_int.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORIGINS_MAX	 8
#define RESOLVER_VERSION 2 /* part of the cache key: raise it when answers change */

struct ct_symbols *ct_symbols_new(const char *cache_dir)
{
	struct ct_symbols *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->names = ct_names_new();
	s->debug_dir = strdup("/usr/lib/debug");
	if (!s->names || !s->debug_dir) {
		ct_symbols_free(s);
		return NULL;
	}
	s->cache_dir = ct_cache_dir(cache_dir);
	return s;
}

int ct_symbols_debug_dir(struct ct_symbols *s, const char *dir)
{
	char *copy = strdup(dir);

	if (!copy)
		return -ENOMEM;
	free(s->debug_dir);
	s->debug_dir = copy;
	return 0;
}

static void set_text(struct ct_sym_module *m, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void set_text(struct ct_sym_module *m, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) >= 0) {
		free(m->text);
		m->text = text;
	}
	va_end(args);
}

static void mix(uint64_t *h, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		*h = (*h ^ p[i]) * UINT64_C(0x100000001b3);
}

static void mix_image(uint64_t *h, const struct ct_image *image)
{
	uint64_t what[2] = {image->size_bytes, (uint64_t)image->mtime_ns};

	if (!image->path) {
		mix(h, "-", 1);
		return;
	}
	mix(h, what, sizeof(what));
	mix(h, image->path, strlen(image->path) + 1);
}

static void close_origin(struct ct_sym_module *m)
{
	if (!m->origin)
		return;
	ct_origin_close(m->origin);
	free(m->origin);
	m->origin = NULL;
	m->session->n_origins--;
}

/* Why the file at the path is not used, in words; *status is set where nothing else helps. */
static const char *why_not(int err, enum ct_sym_status *status)
{
	switch (err) {
	case -ESTALE:
		*status = CT_SYM_MISMATCH;
		return "the file is another build than the one recorded (build-id differs)";
	case -ENOENT:
	case -ENOTDIR:
	case -ENAMETOOLONG: *status = CT_SYM_MISSING; return "no such file here";
	case -ENODEV: *status = CT_SYM_UNREADABLE; return "not a regular file";
	case -ENOEXEC:
		*status = CT_SYM_NOT_ELF;
		return "not an ELF program or library, or a damaged one";
	default: *status = CT_SYM_UNREADABLE; return strerror(-err);
	}
}

static void describe(struct ct_sym_module *m, const struct ct_origin *o, const char *tried, int err)
{
	const struct ct_image *image = o->image.path ? &o->image : NULL;
	const struct ct_image *info = ct_origin_debug_image(o);
	const char *reason = err ? why_not(err, &m->status) : NULL;
	const char *looked = tried[0] ? "; looked for " : "";
	const char *doubt = !m->build_id_len ? "; recorded without a build-id, so not checked to "
					       "be the same build"
					     : "";
	const char *no_alt = "", *alt_name = "";

	if (info && info->altlink[0] && !o->alt.path) {
		no_alt = "; its shared part is missing: ";
		alt_name = info->altlink;
	}
	if (info) {
		m->status = CT_SYM_OK;
		set_text(m, "debug information from %s%s%s%s%s%s", info->path, reason ? "; " : "",
			 reason ? reason : "", no_alt, alt_name, doubt);
	} else if (o->debug.path || (image && image->has_symtab)) {
		m->status = CT_SYM_SYMTAB;
		set_text(m,
			 "no debug information, so no lines: names from the symbol table of "
			 "%s%s%s%s",
			 o->debug.path ? o->debug.path : image->path, o->debug.path ? "" : looked,
			 o->debug.path ? "" : tried, doubt);
	} else if (image && (image->has_dynsym || image->has_mini)) {
		m->status = CT_SYM_DYNSYM;
		set_text(m,
			 "stripped: %s names only, no lines%s%s%s (its -dbgsym or -debuginfo "
			 "package)",
			 image->has_mini ? "exported and .gnu_debugdata" : "exported", doubt,
			 tried[0] ? looked : "; no build-id to look for debug information by",
			 tried);
	} else if (image) {
		m->status = CT_SYM_NONE;
		set_text(m, "stripped: no symbols at all%s%s%s", doubt, looked, tried);
	} else {
		set_text(m, "no symbols: %s%s%s", reason, looked, tried);
	}
}

/* Finds out what there is, without reading it. */
static void probe(struct ct_sym_module *m)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	uint32_t version = RESOLVER_VERSION;
	char tried[PATH_MAX] = "";
	struct ct_origin o;
	bool any;
	int err;

	ct_origin_open(&o, m->path, m->build_id, m->build_id_len, m->session->debug_dir, tried,
		       &err);
	describe(m, &o, tried, err);
	m->use_image = err == 0;
	any = o.image.path || o.debug.path;
	mix(&h, &version, sizeof(version));
	mix_image(&h, &o.image);
	mix_image(&h, &o.debug);
	mix_image(&h, &o.alt);
	ct_origin_close(&o);

	m->cached = any && m->build_id_len && m->session->cache_dir;
	if (!m->cached)
		return;
	memcpy(m->key.build_id, m->build_id, m->build_id_len);
	m->key.build_id_len = m->build_id_len;
	m->key.fingerprint = h;
	if (ct_cache_load(m->session->cache_dir, &m->key, &m->answers, &m->cache_bytes) == 0)
		m->n_loaded = m->answers.n;
}

struct ct_sym_module *ct_symbols_module(struct ct_symbols *s, const char *path,
					const uint8_t *build_id, size_t build_id_len)
{
	struct ct_sym_module *m;

	if (build_id_len > CT_SYM_BUILD_ID_MAX)
		build_id_len = CT_SYM_BUILD_ID_MAX;
	for (m = s->modules; m; m = m->next) {
		if (strcmp(m->path, path) == 0 && m->build_id_len == build_id_len &&
		    (!build_id_len || memcmp(m->build_id, build_id, build_id_len) == 0))
			return m;
	}
	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->session = s;
	m->path = strdup(path);
	if (!m->path) {
		free(m);
		return NULL;
	}
	if (build_id_len)
		memcpy(m->build_id, build_id, build_id_len);
	m->build_id_len = build_id_len;
	m->next = s->modules;
	s->modules = m;
	probe(m);
	return m;
}

enum ct_sym_status ct_symbols_status(const struct ct_sym_module *m)
{
	return m->status;
}

const char *ct_symbols_status_text(const struct ct_sym_module *m)
{
	return m->text ? m->text : "no symbols: out of memory";
}

static void close_oldest(struct ct_symbols *s)
{
	struct ct_sym_module *oldest = NULL;

	for (struct ct_sym_module *m = s->modules; m; m = m->next) {
		if (m->origin && (!oldest || m->last_used < oldest->last_used))
			oldest = m;
	}
	if (oldest)
		close_origin(oldest);
}

static int open_origin(struct ct_sym_module *m)
{
	struct ct_symbols *s = m->session;
	char tried[PATH_MAX];
	int err;

	m->last_used = ++s->clock;
	if (m->origin)
		return 0;
	if (s->n_origins >= ORIGINS_MAX)
		close_oldest(s);
	m->origin = calloc(1, sizeof(*m->origin));
	if (!m->origin)
		return -ENOMEM;
	s->n_origins++;
	ct_origin_open(m->origin, m->path, m->build_id, m->build_id_len, s->debug_dir, tried, &err);
	/* replaced since the probe: what was promised by the status is no longer true */
	if (m->use_image && !m->origin->image.path) {
		m->cached = false;
		m->use_image = false;
		describe(m, m->origin, tried, err);
	}
	err = ct_origin_load_symtab(m->origin);
	if (err != 0)
		close_origin(m);
	return err;
}

struct ct_debuginfo *ct_module_dwarf(struct ct_sym_module *m)
{
	struct ct_origin *o = m->origin;
	const struct ct_image *info = ct_origin_debug_image(o);
	int err;

	if (o->dwarf_tried || !info)
		return o->dwarf;
	o->dwarf_tried = true;
	m->session->stats.debug_loads++;
	err = ct_debuginfo_open(&o->dwarf, info->path, info->elf, o->alt.path ? o->alt.elf : NULL,
				m->session->names);
	if (err != 0) {
		o->dwarf = NULL;
		m->cached = false;
		m->status = CT_SYM_SYMTAB;
		set_text(m, "the debug information in %s is damaged: names only, no lines",
			 info->path);
	}
	return o->dwarf;
}

static int answer(struct ct_sym_module *m, uint8_t kind, uint64_t vaddr,
		  const struct ct_answer **out)
{
	struct ct_sym_frame frames[CT_SYM_FRAMES_MAX];
	struct ct_symbols *s = m->session;
	int n = 0;

	*out = ct_answers_find(&m->answers, kind, vaddr);
	if (*out)
		return 0;
	if (m->status < CT_SYM_MISSING) {
		n = open_origin(m);
		if (n == 0)
			n = kind == CT_ANSWER_CODE ? ct_module_code(m, vaddr, frames)
						   : ct_module_data(m, vaddr, frames);
		if (n < 0)
			return n;
		s->stats.resolved++;
	}
	*out = ct_answers_add(&m->answers, kind, vaddr, frames, (size_t)n);
	return *out ? 0 : -ENOMEM;
}

int ct_symbols_code(struct ct_sym_module *m, uint64_t vaddr, struct ct_sym_frame *out, size_t max)
{
	const struct ct_answer *a;
	size_t n;
	int err;

	err = answer(m, CT_ANSWER_CODE, vaddr, &a);
	if (err != 0)
		return err;
	n = a->n < max ? a->n : max;
	if (n == 0)
		return 0;
	memcpy(out, m->answers.frames + a->first, n * sizeof(*out));
	out[n - 1] = m->answers.frames[a->first + a->n - 1];
	return (int)n;
}

int ct_symbols_data(struct ct_sym_module *m, uint64_t vaddr, struct ct_sym_data *out)
{
	const struct ct_sym_frame *f;
	const struct ct_answer *a;
	int err;

	memset(out, 0, sizeof(*out));
	err = answer(m, CT_ANSWER_DATA, vaddr, &a);
	if (err != 0 || a->n == 0)
		return err;
	f = m->answers.frames + a->first;
	*out = (struct ct_sym_data){.name = f->function,
				    .linkage_name = f->linkage_name,
				    .function = a->n > 1 ? f[1].function : NULL,
				    .file = f->file,
				    .line = f->line,
				    .offset = f->function_offset};
	return 1;
}

void ct_symbols_trim(struct ct_symbols *s)
{
	for (struct ct_sym_module *m = s->modules; m; m = m->next) {
		close_origin(m);
		if (m->cached && m->answers.dirty &&
		    ct_cache_save(s->cache_dir, &m->key, &m->answers) == 0)
			m->answers.dirty = false;
	}
}

void ct_symbols_free(struct ct_symbols *s)
{
	if (!s)
		return;
	ct_symbols_trim(s);
	for (struct ct_sym_module *m = s->modules, *next; m; m = next) {
		next = m->next;
		ct_answers_clear(&m->answers);
		free(m->cache_bytes);
		free(m->path);
		free(m->text);
		free(m);
	}
	ct_names_free(s->names);
	free(s->cache_dir);
	free(s->debug_dir);
	free(s);
}

struct ct_symbols_stats ct_symbols_stats(const struct ct_symbols *s)
{
	struct ct_symbols_stats stats = s->stats;

	for (const struct ct_sym_module *m = s->modules; m; m = m->next)
		stats.from_cache += m->n_loaded;
	return stats;
}
