/*
 * coverage.c - see coverage.h.
 */
#include "views/analyze/coverage.h"

#include <dlfcn.h>
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/image.h"
#include "views/analyze/json.h"
#include "views/analyze/text.h"

/* --- the table, as text -------------------------------------------------------------------------------------------------------------- */

struct hook {
	const char *symbol, *version; /* NULL: the default one */
	const char *event, *op, *wakes, *ret, *params;
	const char *same_as; /* of another name: the name whose wrapper it shares */
	int tier;
};

static const struct hook hooks[] = {
#define CT_HOOK(name, symbol, version, missing, event, op, tier, wakes, ret, params, args)         \
	{symbol, version, #event, #op, wakes, #ret, #params, NULL, tier},
#define CT_CALL_HOOK(symbol, missing, result, op, object, unless, tier, wakes, ret, params, args)  \
	{#symbol, NULL, "wait", #op, wakes, #ret, #params, NULL, tier},
#define CT_VOID_HOOK(symbol, op, object, unless, tier, wakes, params, args)                        \
	{#symbol, NULL, "wait", #op, wakes, "void", #params, NULL, tier},
#define CT_VIA_HOOK(symbol, via, op, tier, wakes, ret, params)                                     \
	{#symbol, NULL, "wait", #op, wakes, #ret, #params, NULL, tier},
#define CT_NAME(alias, symbol)	    {#alias, NULL, NULL, NULL, NULL, NULL, NULL, #symbol, 0},
#define CT_CALL_NAME(alias, symbol) {#alias, NULL, NULL, NULL, NULL, NULL, NULL, #symbol, 0},
#include <ctrace/hooks.h>
};
#define HOOKS (sizeof(hooks) / sizeof(hooks[0]))

static const struct {
	const char *names, *why;
	int tier;
} unwrapped[] = {
#define CT_UNWRAPPED(names, tier, why) {names, why, tier},
#include <ctrace/hooks.h>
};
#define UNWRAPPED (sizeof(unwrapped) / sizeof(unwrapped[0]))

/* --- names ----------------------------------------------------------------------------------------------------------------------------- */

struct names {
	char **name;
	size_t n, room;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool name_add(struct names *l, const char *s, size_t length)
{
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 512;
		char **name = realloc(l->name, room * sizeof(*name));

		if (!name)
			return false;
		l->name = name;
		l->room = room;
	}
	l->name[l->n] = strndup(s, length);
	return l->name[l->n++] != NULL;
}

static void names_sort(struct names *l)
{
	size_t i, n = 0;

	if (l->n)
		qsort(l->name, l->n, sizeof(*l->name), by_name);
	for (i = 0; i < l->n; i++) {
		if (n && !strcmp(l->name[n - 1], l->name[i]))
			free(l->name[i]);
		else
			l->name[n++] = l->name[i];
	}
	l->n = n;
}

static bool name_in(const struct names *l, const char *s)
{
	return l->n && bsearch(&s, l->name, l->n, sizeof(*l->name), by_name);
}

static void names_free(struct names *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->name[i]);
	free(l->name);
}

/* The functions an object defines for others. */
static int exports_of(const char *path, struct names *l)
{
	struct ct_image image;
	Elf_Scn *section = NULL;
	GElf_Shdr head;
	int err = ct_image_open(&image, path);

	if (err)
		return err;
	while (!err && (section = elf_nextscn(image.elf, section))) {
		Elf_Data *data;
		GElf_Sym sym;
		int i;

		if (!gelf_getshdr(section, &head) || head.sh_type != SHT_DYNSYM)
			continue;
		data = elf_getdata(section, NULL);
		for (i = 0; data && !err && gelf_getsym(data, i, &sym); i++) {
			const char *s = elf_strptr(image.elf, head.sh_link, sym.st_name);
			unsigned type = GELF_ST_TYPE(sym.st_info);

			if (s && *s && sym.st_shndx != SHN_UNDEF &&
			    (type == STT_FUNC || type == STT_GNU_IFUNC) &&
			    !name_add(l, s, strlen(s)))
				err = -ENOMEM;
		}
	}
	ct_image_close(&image);
	names_sort(l);
	return err;
}

static bool each_unwrapped(size_t row, bool (*take)(void *, const char *, size_t), void *ctx)
{
	const char *s = unwrapped[row].names;
	size_t n;

	for (; *s; s += n + (s[n] == ' ')) {
		n = strcspn(s, " ");
		if (!take(ctx, s, n))
			return false;
	}
	return true;
}

static bool take_name(void *ctx, const char *s, size_t n)
{
	return name_add(ctx, s, n);
}

/* --- counting --------------------------------------------------------------------------------------------------------------------------- */

struct coverage {
	const char *libc;
	struct names exported, wrapped, left;
	size_t exported_wrapped, exported_left, foreign;
};

static int count(struct coverage *c)
{
	size_t i;

	for (i = 0; i < HOOKS; i++)
		if (!name_add(&c->wrapped, hooks[i].symbol, strlen(hooks[i].symbol)))
			return -ENOMEM;
	for (i = 0; i < UNWRAPPED; i++)
		if (!each_unwrapped(i, take_name, &c->left))
			return -ENOMEM;
	names_sort(&c->wrapped);
	names_sort(&c->left);
	for (i = 0; i < c->exported.n; i++) {
		c->exported_wrapped += name_in(&c->wrapped, c->exported.name[i]);
		c->exported_left += name_in(&c->left, c->exported.name[i]);
	}
	c->foreign = c->wrapped.n - c->exported_wrapped;
	return 0;
}

/* --- printing ---------------------------------------------------------------------------------------------------------------------------- */

static const char *operation(const struct hook *h)
{
	return !strcmp(h->op, "none") ? "" : h->op;
}

static void print(FILE *out, const struct coverage *c, unsigned width)
{
	char reason[256], line[1024];
	size_t i;

	fprintf(out, "%-32s %4s  %-13s %-12s %s\n", "function", "tier", "event", "operation",
		"what ends the wait");
	for (i = 0; i < HOOKS; i++) {
		const struct hook *h = &hooks[i];

		snprintf(line, sizeof(line), "%s%s%s", h->symbol, h->version ? "@" : "",
			 h->version ? h->version : "");
		if (h->same_as)
			fprintf(out, "%-32s    =  %s\n", line, h->same_as);
		else if (*operation(h))
			fprintf(out, "%-32s %4d  %-13s %-*s %s\n", line, h->tier, h->event,
				*h->wakes ? 12 : 0, operation(h), h->wakes);
		else
			fprintf(out, "%-32s %4d  %s\n", line, h->tier, h->event);
	}
	fputs("\nleft alone\n", out);
	for (i = 0; i < UNWRAPPED; i++) {
		fprintf(out, "\n%6d  ", unwrapped[i].tier);
		snprintf(reason, sizeof(reason), "%s:", unwrapped[i].why);
		ct_text_wrap(out, reason, 8, width);
		fputs("        ", out);
		ct_text_wrap(out, unwrapped[i].names, 8, width);
	}
	fputs("\n", out);
	if (c->exported.n)
		snprintf(line, sizeof(line),
			 "%s exports %zu functions: %zu are wrapped, %zu were looked at and left "
			 "alone "
			 "as told above, the other %zu do not wait for anything. %zu wrapped names "
			 "are "
			 "of libaio, liburing or other versions of glibc.",
			 c->libc, c->exported.n, c->exported_wrapped, c->exported_left,
			 c->exported.n - c->exported_wrapped - c->exported_left, c->foreign);
	else
		snprintf(line, sizeof(line),
			 "%zu names are wrapped, %zu were looked at and left alone as told above. "
			 "The "
			 "names of %s could not be read to compare.",
			 c->wrapped.n, c->left.n, c->libc);
	ct_text_wrap(out, line, 0, width);
}

static bool json_name(void *ctx, const char *s, size_t n)
{
	char one[128];

	snprintf(one, sizeof(one), "%.*s", (int)n, s);
	ct_json_text(ctx, NULL, one);
	return true;
}

static void print_json(FILE *out, const struct coverage *c)
{
	struct ct_json j;
	size_t i;

	ct_json_start(&j, out);
	ct_json_text(&j, "command", "info");
	ct_json_number(&j, "version", 1);
	ct_json_array(&j, "wrapped");
	for (i = 0; i < HOOKS; i++) {
		const struct hook *h = &hooks[i];

		ct_json_object(&j, NULL);
		ct_json_text(&j, "symbol", h->symbol);
		ct_json_text(&j, "symbol_version", h->version);
		ct_json_text(&j, "same_as", h->same_as);
		if (!h->same_as) {
			ct_json_number(&j, "tier", (uint64_t)h->tier);
			ct_json_text(&j, "event", h->event);
			ct_json_text(&j, "op", *operation(h) ? h->op : NULL);
			ct_json_text(&j, "wakes", *h->wakes ? h->wakes : NULL);
			ct_json_text(&j, "returns", h->ret);
			ct_json_text(&j, "params", h->params);
		}
		ct_json_close(&j, '}');
	}
	ct_json_close(&j, ']');
	ct_json_array(&j, "left_alone");
	for (i = 0; i < UNWRAPPED; i++) {
		ct_json_object(&j, NULL);
		ct_json_number(&j, "tier", (uint64_t)unwrapped[i].tier);
		ct_json_text(&j, "why", unwrapped[i].why);
		ct_json_array(&j, "symbols");
		each_unwrapped(i, json_name, &j);
		ct_json_close(&j, ']');
		ct_json_close(&j, '}');
	}
	ct_json_close(&j, ']');
	ct_json_text(&j, "libc", c->libc);
	ct_json_number(&j, "libc_exports", c->exported.n);
	ct_json_number(&j, "libc_wrapped", c->exported_wrapped);
	ct_json_number(&j, "libc_left_alone", c->exported_left);
	ct_json_number(&j, "of_others", c->foreign);
	ct_json_finish(&j);
}

int ct_view_coverage(FILE *out, const char *libc, bool json, unsigned width)
{
	struct coverage c = {.libc = libc};
	Dl_info where;
	int err;

	if (!c.libc)
		c.libc = dladdr((void *)&puts, &where) ? where.dli_fname : "libc.so.6";
	err = exports_of(c.libc, &c.exported);
	if (err != -ENOMEM)
		err = count(&c);
	if (!err && json)
		print_json(out, &c);
	else if (!err)
		print(out, &c, width);
	names_free(&c.exported);
	names_free(&c.wrapped);
	names_free(&c.left);
	return err;
}
