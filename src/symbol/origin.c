/*
 * origin.c - which files may speak for a module, and what is read from them at once.
 *
 * The file at the recorded path counts only when it is the recorded build.  Its own debug information
 * is preferred to a separate file's, because it needs no second file to be right.  Names come from one
 * complete symbol table if there is any; .dynsym, and what .gnu_debugdata adds to it, only if not.
 */
#include "symbol/origin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ct_origin_open(struct ct_origin *o, const char *path, const uint8_t *id, size_t id_len,
		    const char *debug_dir, char *tried, int *err)
{
	memset(o, 0, sizeof(*o));
	*err = path[0] == '/' ? ct_image_open(&o->image, path) : -ENOENT;
	if (*err == 0 && id_len && !ct_image_is(&o->image, id, id_len)) {
		ct_image_close(&o->image);
		*err = -ESTALE;
	}
	if (*err == 0 && !id_len) {
		id = o->image.build_id;
		id_len = o->image.build_id_len;
	}
	if (o->image.path && o->image.has_debug_info)
		tried[0] = '\0';
	else
		ct_image_open_debug(&o->debug, o->image.path ? &o->image : NULL, id, id_len,
				    debug_dir, tried);
	ct_image_open_alt(&o->alt, o->debug.path ? &o->debug : &o->image, debug_dir);
}

void ct_origin_close(struct ct_origin *o)
{
	ct_debuginfo_close(o->dwarf);
	ct_symtab_clear(&o->symtab);
	elf_end(o->mini);
	free(o->mini_bytes);
	ct_image_close(&o->alt);
	ct_image_close(&o->debug);
	ct_image_close(&o->image);
	memset(o, 0, sizeof(*o));
}

const struct ct_image *ct_origin_debug_image(const struct ct_origin *o)
{
	if (o->image.path && o->image.has_debug_info)
		return &o->image;
	return o->debug.path && o->debug.has_debug_info ? &o->debug : NULL;
}

int ct_origin_load_symtab(struct ct_origin *o)
{
	struct ct_image *image = o->image.path ? &o->image : NULL;
	struct ct_image *debug = o->debug.path ? &o->debug : NULL;
	int err = 0;

	if (image && image->has_symtab) {
		err = ct_symtab_add(&o->symtab, image->elf, SHT_SYMTAB, true);
	} else if (debug && debug->has_symtab) {
		err = ct_symtab_add(&o->symtab, debug->elf, SHT_SYMTAB, true);
	} else if (image) {
		err = ct_symtab_add(&o->symtab, image->elf, SHT_DYNSYM, false);
		/* .gnu_debugdata leaves out what .dynsym has, so its neighbours bound nothing */
		if (err == 0 && ct_image_open_mini(image, &o->mini, &o->mini_bytes) == 0)
			err = ct_symtab_add(&o->symtab, o->mini, SHT_SYMTAB, false);
	}
	if (err == 0 && image)
		err = ct_symtab_add_plt(&o->symtab, image->elf);
	return err ? err : ct_symtab_finish(&o->symtab);
}
