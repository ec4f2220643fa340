/*
 * svg.c - a flame graph in one file: the outermost function at the bottom, widths are time.  It opens in any browser, from a disk or a mail;
 * a click zooms in, a search colours what matches and says how much of the time that is (svg_script.h).  Without the script it is a picture.
 *
 * Everything that came from a trace is text of an element or an attribute, with <, >, & and " written as references: nothing of it is
 * ever script.
 */
#include "views/profile/frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "views/analyze/text.h"
#include "views/profile/svg_script.h"

#define WIDTH	      1200u
#define MARGIN	      10u
#define ROW	      17u
#define TOP	      70u
#define CHAR	      7.0 /* a character's width, about */
#define NARROWEST     0.1 /* what is narrower is not drawn */
#define DEEPEST_DRAWN 400u

/* A function under its callers. */
struct node {
	uint64_t caller_name;  /* key: node + 1 of the caller << 32 | name */
	uint64_t total, count; /* ticks */
	uint32_t first, next;  /* called from it; beside it: node + 1, by time */
	uint32_t depth;
	uint32_t pad;
};

struct graph {
	struct ct_profile *p;
	struct ct_frames frames;
	struct ct_table nodes;
	uint32_t deepest, left_out;
};

static struct node *node_at(const struct graph *g, uint32_t i)
{
	return ct_table_row(&g->nodes, i);
}

static void take(struct graph *g, const struct ct_sample *s)
{
	const uint32_t *ids;
	size_t n = ct_frames_of(&g->frames, s, &ids), i;
	uint32_t at = 0;

	for (i = 0; i < n; i++) {
		uint64_t key = (uint64_t)at << 32 | ids[i];
		uint32_t row = ct_table_put(&g->nodes, &key);
		struct node *x = node_at(g, row);

		x->total += s->total;
		x->count += s->count;
		x->depth = (uint32_t)i;
		at = row + 1;
	}
}

/* --- order -------------------------------------------------------------------------------------------------------------------- */

static const struct graph *sorted; /* qsort has no argument for it */

/* Those of one caller together; by name, as people look for them. */
static int by_caller(const void *a, const void *b)
{
	const struct node *x = node_at(sorted, *(const uint32_t *)a);
	const struct node *y = node_at(sorted, *(const uint32_t *)b);
	uint32_t cx = (uint32_t)(x->caller_name >> 32), cy = (uint32_t)(y->caller_name >> 32);

	if (cx != cy)
		return cx < cy ? -1 : 1;
	return strcmp(ct_strings_at(&sorted->frames.names, (uint32_t)x->caller_name),
		      ct_strings_at(&sorted->frames.names, (uint32_t)y->caller_name));
}

/* Chains what each function called.  Returns the first of the outermost, + 1. */
static int chain(struct graph *g, uint32_t *first)
{
	uint32_t *order = malloc((g->nodes.count + 1u) * sizeof(*order)), i, caller;

	if (!order)
		return -ENOMEM;
	for (i = 0; i < g->nodes.count; i++)
		order[i] = i;
	sorted = g;
	qsort(order, g->nodes.count, sizeof(*order), by_caller);
	*first = 0;
	for (i = g->nodes.count; i--;) {
		struct node *x = node_at(g, order[i]);
		uint32_t *head;

		caller = (uint32_t)(x->caller_name >> 32);
		head = caller ? &node_at(g, caller - 1)->first : first;
		x->next = *head;
		*head = order[i] + 1;
	}
	free(order);
	return 0;
}

/* --- drawing ------------------------------------------------------------------------------------------------------------------ */

static void put_text(FILE *out, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '&': fputs("&amp;", out); break;
		case '"': fputs("&quot;", out); break;
		default: fputc(*s, out); break;
		}
	}
}

/* As much of a name as fits; none where two letters do not. */
static void put_label(FILE *out, const char *name, double width)
{
	size_t fits = width > 2 * CHAR ? (size_t)((width - 6) / CHAR) : 0, n = 0, bytes = 0, step;
	char part[256];

	if (fits < 3)
		return;
	while (name[bytes] && n < fits) {
		step = ct_text_utf8((const unsigned char *)name + bytes);
		bytes += step ? step : 1;
		n++;
	}
	if (!name[bytes]) {
		put_text(out, name);
		return;
	}
	for (bytes = n = 0; n + 2 < fits && bytes + 8 < sizeof(part); n++) {
		step = ct_text_utf8((const unsigned char *)name + bytes);
		bytes += step ? step : 1;
	}
	memcpy(part, name, bytes);
	part[bytes] = 0;
	put_text(out, part);
	fputs("..", out);
}

/* Warm colours, the same for a name in every graph; what is no function is grey. */
static void put_colour(FILE *out, const char *name)
{
	uint32_t h = 2166136261u;
	const char *s;

	for (s = name; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	if (*name == '[')
		fputs("#c8c8c8", out);
	else
		fprintf(out, "hsl(%u,%u%%,%u%%)", 8 + h % 44, 62 + (h >> 8) % 20,
			60 + (h >> 16) % 14);
}

static double x_of(const struct graph *g, uint64_t ticks)
{
	return g->p->total ? (double)ticks / (double)g->p->total * (WIDTH - 2 * MARGIN) : 0;
}

static void draw_node(struct graph *g, FILE *out, const char *name, uint64_t from, uint64_t total,
		      uint64_t count, uint32_t level)
{
	double x = MARGIN + x_of(g, from), width = x_of(g, total);
	unsigned y = TOP + (g->deepest - level) * ROW;
	char n[3][CT_TEXT_NUMBER];

	fprintf(out, "<g class=\"f\" data-x=\"%.7f\" data-w=\"%.7f\" data-l=\"%u\"><title>",
		(x - MARGIN) / (WIDTH - 2 * MARGIN), width / (WIDTH - 2 * MARGIN), level);
	put_text(out, name);
	fprintf(out,
		": %s, %.2f %%, %s %s</title><rect x=\"%.1f\" y=\"%u\" width=\"%.1f\" "
		"height=\"%u\" "
		"rx=\"2\" fill=\"",
		ct_text_ns(n[0], ct_view_ns(g->p->v, total)),
		g->p->total ? 100 * (double)total / (double)g->p->total : 0.0,
		ct_text_count(n[1], count), count == 1 ? "time" : "times", x, y, width, ROW - 1);
	put_colour(out, name);
	fprintf(out, "\"/><text x=\"%.1f\" y=\"%u\">", x + 3, y + ROW - 5);
	put_label(out, name, width);
	fputs("</text></g>\n", out);
}

/* Goes over the tree without recursion: a stack may be as deep as a hostile trace likes. */
static int draw_nodes(struct graph *g, FILE *out, uint32_t first)
{
	struct level {
		uint32_t node; /* + 1, 0: none left */
		uint64_t at;
	} *levels = calloc(DEEPEST_DRAWN + 2, sizeof(*levels));
	uint32_t depth = 0;

	if (!levels)
		return -ENOMEM;
	levels[0].node = first;
	for (;;) {
		struct level *l = &levels[depth];
		struct node *x;
		uint64_t at = l->at;

		if (!l->node) {
			if (!depth--)
				break;
			continue;
		}
		x = node_at(g, l->node - 1);
		l->node = x->next;
		l->at += x->total;
		if (x_of(g, x->total) < NARROWEST || depth >= DEEPEST_DRAWN) {
			g->left_out++;
			continue;
		}
		draw_node(g, out, ct_strings_at(&g->frames.names, (uint32_t)x->caller_name), at,
			  x->total, x->count, depth + 1);
		levels[++depth].node = x->first;
		levels[depth].at = at;
	}
	free(levels);
	return 0;
}

static void find_deepest(struct graph *g)
{
	uint32_t i;

	for (i = 0; i < g->nodes.count; i++) {
		const struct node *x = node_at(g, i);

		if (x_of(g, x->total) >= NARROWEST && x->depth + 1 > g->deepest)
			g->deepest = x->depth + 1;
	}
	if (g->deepest > DEEPEST_DRAWN)
		g->deepest = DEEPEST_DRAWN;
}

static void begin(struct graph *g, FILE *out, unsigned height)
{
	struct ct_profile *p = g->p;
	char n[2][CT_TEXT_NUMBER];
	uint32_t i;

	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
		"viewBox=\"0 0 %u %u\" font-family=\"Verdana, DejaVu Sans, sans-serif\" "
		"font-size=\"12\">\n<desc>",
		WIDTH, height, WIDTH, height);
	for (i = 0; i < p->comments; i++) {
		put_text(out, p->comment[i]);
		fputc('\n', out);
	}
	fprintf(out,
		"</desc>\n<style>.f{cursor:pointer}.f text{pointer-events:none}.f:hover "
		"rect{stroke:#000}"
		".dim{opacity:.4}.hit rect{fill:#c050e0}.b{cursor:pointer;fill:#246}</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
		"<text x=\"%u\" y=\"24\" text-anchor=\"middle\" font-size=\"17\">%s: %s, %s "
		"times</text>\n"
		"<text x=\"%u\" y=\"44\" text-anchor=\"middle\" fill=\"#555\">",
		WIDTH / 2, ct_profile_name(p->o.kind), ct_text_ns(n[0], ct_view_ns(p->v, p->total)),
		ct_text_count(n[1], p->count), WIDTH / 2);
	put_label(out,
		  p->comments ? p->comment[p->o.kind == CT_PROFILE_LOCK && p->comments > 1] : "",
		  WIDTH - 2 * MARGIN);
	fprintf(out,
		"</text>\n<text id=\"back\" class=\"b\" x=\"%u\" y=\"24\" "
		"visibility=\"hidden\">zoom "
		"out</text>\n<text id=\"find\" class=\"b\" x=\"%u\" y=\"24\" "
		"text-anchor=\"end\">search"
		"</text>\n<text id=\"found\" x=\"%u\" y=\"%u\" text-anchor=\"end\"> </text>\n",
		MARGIN, WIDTH - MARGIN, WIDTH - MARGIN, height - 10);
}

static int draw(struct graph *g, FILE *out)
{
	uint32_t first;
	unsigned height;
	int err = chain(g, &first);

	if (err)
		return err;
	find_deepest(g);
	height = TOP + (g->deepest + 1) * ROW + 30;
	begin(g, out, height);
	draw_node(g, out, "all", 0, g->p->total, g->p->count, 0);
	err = draw_nodes(g, out, first);
	if (g->left_out)
		fprintf(out,
			"<text x=\"%u\" y=\"%u\" fill=\"#555\">%u functions are too narrow or too "
			"deep to "
			"draw</text>\n",
			MARGIN, height - 10, g->left_out);
	fputs("<script><![CDATA[\n" CT_SVG_SCRIPT "]]></script>\n</svg>\n", out);
	return err;
}

int ct_profile_svg(struct ct_profile *p, FILE *out)
{
	struct graph g = {.p = p};
	uint32_t i;
	int err = ct_frames_init(&g.frames, p);

	if (!err)
		err = ct_table_init(&g.nodes, sizeof(struct node), 8);
	for (i = 0; i < p->samples.count && !err; i++)
		take(&g, ct_profile_sample(p, i));
	if (!err && !g.nodes.failed && !g.frames.failed)
		err = draw(&g, out);
	if (g.nodes.failed || g.frames.failed)
		err = -ENOMEM;
	ct_table_free(&g.nodes);
	ct_frames_free(&g.frames);
	return err;
}
