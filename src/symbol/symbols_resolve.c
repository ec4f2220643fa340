/*
 * symbols_resolve.c - what the open files of a module say about one address: its symbol and its debug information together.
 */
#include "symbols_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/demangle.h"

/* "read@@GLIBC_2.2.5" is "read"; what is left of a mangled name is made readable. */
static const char *readable(struct ct_symbols *s, const char *symbol)
{
	const char *kept;
	size_t len = strcspn(symbol, "@");
	char *plain, *bare = strndup(symbol, len ? len : strlen(symbol));

	if (!bare)
		return NULL;
	plain = ct_demangle(bare);
	kept = ct_names_add_z(s->names, plain ? plain : bare);
	free(plain);
	free(bare);
	return kept;
}

/* The frame a symbol alone can give. */
static int symbol_frame(struct ct_symbols *s, const struct ct_symbol *sym, uint64_t vaddr,
			struct ct_sym_frame *out)
{
	char *stub;

	memset(out, 0, sizeof(*out));
	out->function_offset = vaddr - sym->addr;
	out->approximate = sym->approximate;
	out->linkage_name = ct_names_add_z(s->names, sym->name);
	out->function = readable(s, sym->name);
	if (sym->plt && out->function) {
		if (asprintf(&stub, "%s@plt", out->function) < 0)
			return -ENOMEM;
		out->function = ct_names_add_z(s->names, stub);
		free(stub);
	}
	return out->function && out->linkage_name ? 0 : -ENOMEM;
}

/*
 * DWARF names a C++ function with internal linkage only by its last part ("f"), and the symbol
 * table names it in full ("(anonymous namespace)::f(int)").  The symbol also knows which piece of a
 * split function this is.
 */
static int complete_outermost(struct ct_symbols *s, const struct ct_symbol *sym, uint64_t vaddr,
			      struct ct_sym_frame *f)
{
	if (!sym || sym->approximate || sym->plt)
		return 0;
	if (!f->linkage_name) {
		f->linkage_name = ct_names_add_z(s->names, sym->name);
		if (!f->linkage_name)
			return -ENOMEM;
		if (!f->function || ct_demangle_wanted(sym->name)) {
			f->function = readable(s, sym->name);
			f->function_offset = vaddr - sym->addr;
		}
	}
	return f->function ? 0 : -ENOMEM;
}

int ct_module_code(struct ct_sym_module *m, uint64_t vaddr, struct ct_sym_frame *out)
{
	const struct ct_symbol *sym = ct_symtab_find(&m->origin->symtab.code, vaddr);
	struct ct_debuginfo *dwarf = sym && sym->plt ? NULL : ct_module_dwarf(m);
	int n = 0;

	if (dwarf)
		n = ct_debuginfo_code(dwarf, vaddr, out);
	if (n < 0)
		return n;
	if (n == 0)
		return !sym ? 0 : symbol_frame(m->session, sym, vaddr, out) == 0 ? 1 : -ENOMEM;
	if (!out[n - 1].function && sym) {
		struct ct_sym_frame named;

		if (symbol_frame(m->session, sym, vaddr, &named) != 0)
			return -ENOMEM;
		named.file = out[n - 1].file;
		named.line = out[n - 1].line;
		out[n - 1] = named;
		return n;
	}
	return complete_outermost(m->session, sym, vaddr, &out[n - 1]) == 0 ? n : -ENOMEM;
}

int ct_module_data(struct ct_sym_module *m, uint64_t vaddr, struct ct_sym_frame *out)
{
	const struct ct_symbol *sym = ct_symtab_find(&m->origin->symtab.data, vaddr);
	struct ct_debuginfo *dwarf;
	struct ct_sym_data data;
	int n = 0;

	if (!sym)
		return 0;
	if (symbol_frame(m->session, sym, vaddr, &out[0]) != 0)
		return -ENOMEM;
	dwarf = ct_module_dwarf(m);
	if (dwarf)
		n = ct_debuginfo_data(dwarf, sym->addr, &data);
	if (n <= 0)
		return n < 0 ? n : 1;
	/* "counter.0" in the table is "counter" in the source; mangled names say more than DWARF */
	if (!ct_demangle_wanted(sym->name))
		out[0].function = data.name;
	out[0].file = data.file;
	out[0].line = data.line;
	if (!data.function)
		return 1;
	memset(&out[1], 0, sizeof(out[1]));
	out[1].function = data.function;
	return 2;
}
