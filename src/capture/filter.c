/*
 * filter.c - see filter.h.  libc's fnmatch() may allocate, and follows the locale, which nobody has set yet when we start.
 */
#include "capture/filter.h"

#include "sys/mem.h"
#include "sys/poison.h"

/* The set that begins behind '[': is c in it?  *end: behind its ']'; without one the '[' stands for itself and *end is NULL. */
static bool in_set(const char *p, char c, const char **end)
{
	bool inverted = *p == '!' || *p == '^', found = false;
	const char *first;

	p += inverted;
	first = p;
	/* a ']' that comes first is a member */
	for (; *p && (*p != ']' || p == first); p++) {
		char low = *p;

		if (p[1] == '-' && p[2] && p[2] != ']')
			p += 2;
		found |= c >= low && c <= *p;
	}
	*end = *p ? p + 1 : 0;
	return found != inverted;
}

/* One element of a pattern that is no '*' against one character.  Returns what follows it, or NULL. */
static const char *fits_one(const char *p, char c)
{
	const char *end;
	bool in;

	if (!c || !*p)
		return 0;
	if (*p == '?')
		return p + 1;
	if (*p == '[') {
		in = in_set(p + 1, c, &end);
		if (end)
			return in ? end : 0;
	}
	if (*p == '\\' && p[1])
		p++;
	return *p == c ? p + 1 : 0;
}

bool ct_filter_fits(const char *pattern, const char *name)
{
	const char *star = 0, *from = 0, *next;

	for (;;) {
		if (*pattern == '*') {
			star = ++pattern;
			from = name;
			continue;
		}
		if (!*pattern && !*name)
			return true;
		next = fits_one(pattern, *name);
		if (next) {
			pattern = next;
			name++;
			continue;
		}
		/* the last '*' takes one character more */
		if (!star || !*from)
			return false;
		pattern = star;
		name = ++from;
	}
}

/* The pattern after this one. */
static const char *after(const char *p)
{
	return p + ct_str_length(p, CT_FILTER_BYTES) + 1;
}

bool ct_filter_add(char *list, char kind, const char *pattern)
{
	char *end = list;
	size_t n = ct_str_length(pattern, CT_FILTER_BYTES);

	while (*end)
		end = (char *)(size_t)after(end);
	/* an empty one ends the list */
	if (!n || (size_t)(end - list) + 1 + n + 1 + 1 > CT_FILTER_BYTES)
		return false;
	end[0] = kind;
	ct_mem_copy(end + 1, pattern, n);
	return true;
}

bool ct_filter_wants(const char *list, const char *name)
{
	const char *end = list + CT_FILTER_BYTES, *p;
	bool only = false, fits = false;

	/* written by ctrace-run, but anybody who can write the arena can write here */
	if (end[-1])
		return true;
	for (p = list; p < end && *p; p = after(p)) {
		if (*p == CT_FILTER_SKIP && ct_filter_fits(p + 1, name))
			return false;
		if (*p != CT_FILTER_ONLY)
			continue;
		only = true;
		fits |= ct_filter_fits(p + 1, name);
	}
	return fits || !only;
}
