/*
 * image.h - one ELF file on disk, opened without trusting its path or its content.
 *
 * Opening answers the cheap questions (identity, which kinds of symbols it carries, which debug file
 * it names); it reads no symbol and no DWARF.
 */
#ifndef CT_SYMBOL_IMAGE_H
#define CT_SYMBOL_IMAGE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libelf.h>

#include "symbol/symbol.h"

struct ct_image {
	char *path;
	int fd;
	Elf *elf;
	uint64_t size_bytes;
	int64_t mtime_ns;
	uint8_t build_id[CT_SYM_BUILD_ID_MAX];
	size_t build_id_len;
	bool has_symtab, has_dynsym, has_debug_info, has_mini;
	char debuglink[NAME_MAX + 1]; /* base name; "" when there is none */
	uint32_t debuglink_crc;
	char altlink[PATH_MAX]; /* DWZ file as written; "" when there is none */
	uint8_t alt_id[CT_SYM_BUILD_ID_MAX];
	size_t alt_id_len;
};

/*
 * Opens @path for reading without side effects: FIFOs, devices, sockets, directories and the files
 * of kernel pseudo filesystems are refused before they are opened.  Returns a descriptor or
 * -errno; -ENODEV means "exists, but is no regular file".
 * Context: tools.
 */
int ct_image_open_fd(const char *path);

/*
 * Opens an ELF executable, shared object or debug file.  Returns 0, -ENOEXEC when it is no such ELF
 * file, or what ct_image_open_fd() returned; @image is then closed already.
 * Context: tools.
 */
int ct_image_open(struct ct_image *image, const char *path);

/*
 * Another libelf descriptor of the same file, for who reads it whole; NULL when that fails.  elf_end() gives it back, before the
 * image is closed.
 * Context: tools.
 */
Elf *ct_image_elf(const struct ct_image *image);

/*
 * Closes what ct_image_open() opened; a zeroed image is allowed.
 * Context: tools.
 */
void ct_image_close(struct ct_image *image);

/*
 * True when the image carries exactly this build-id.
 * Context: tools.
 */
bool ct_image_is(const struct ct_image *image, const uint8_t *build_id, size_t len);

/*
 * Finds and opens the separate debug file of a module: by build-id below @debug_dir, then by the
 * .gnu_debuglink of @image (NULL when the module's own file is not usable), checked by build-id or
 * CRC.  The first place looked at is written to @tried (PATH_MAX bytes).  Returns 0 or -ENOENT.
 * Context: tools.
 */
int ct_image_open_debug(struct ct_image *out, const struct ct_image *image, const uint8_t *build_id,
			size_t build_id_len, const char *debug_dir, char *tried);

/*
 * Opens the DWZ file that @image (one with debug information) refers to, checked by build-id.
 * Returns 0 or -ENOENT.
 * Context: tools.
 */
int ct_image_open_alt(struct ct_image *out, const struct ct_image *image, const char *debug_dir);

/*
 * Unpacks .gnu_debugdata, the xz-packed symbol table of an otherwise stripped file.  On success *elf
 * reads from *bytes; end the one and then free the other.  Returns 0, -ENOENT or -ENOEXEC.
 * Context: tools.
 */
int ct_image_open_mini(const struct ct_image *image, Elf **elf, uint8_t **bytes);

#endif
