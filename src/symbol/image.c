/*
 * image.c - opening ELF files and finding the debug files that belong to them.
 *
 * Two defences.  The path is first opened with O_PATH, which runs no driver and blocks on nothing;
 * only when that is a regular file of an ordinary filesystem is it opened for reading, through the
 * same descriptor so that nothing can be swapped in between.  The content is read into memory by
 * libelf, section by section, because a mapping would turn "somebody rebuilt the program meanwhile"
 * into SIGBUS.  Files too big for that are mapped all the same; this is the one way left for another
 * process to kill us, and it takes truncating a file of more than COPY_MAX_BYTES under our eyes.
 */
#include "symbol/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>
#include <gelf.h>
#include <linux/magic.h>
#include <lzma.h>

#define COPY_MAX_BYTES	  ((uint64_t)96 * 1024 * 1024)
#define MINI_MAX_BYTES	  ((size_t)64 * 1024 * 1024)
#define MINI_MEMORY_BYTES ((uint64_t)256 * 1024 * 1024)

static bool is_pseudo_fs(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) != 0)
		return false;
	switch ((unsigned long)fs.f_type) {
	case PROC_SUPER_MAGIC:
	case SYSFS_MAGIC:
	case DEBUGFS_MAGIC:
	case TRACEFS_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
	case SECURITYFS_MAGIC:
	case PSTOREFS_MAGIC: return true;
	default: return false;
	}
}

int ct_image_open_fd(const char *path)
{
	char self[64];
	struct stat before, after;
	int at, fd, err = -ENODEV;

	at = open(path, O_PATH | O_CLOEXEC);
	if (at < 0)
		return -errno;
	if (fstat(at, &before) != 0 || !S_ISREG(before.st_mode) || is_pseudo_fs(at))
		goto out;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", at);
	fd = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENOENT) /* no /proc here: open by name and compare */
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		err = -errno;
		goto out;
	}
	if (fstat(fd, &after) != 0 || after.st_dev != before.st_dev ||
	    after.st_ino != before.st_ino) {
		close(fd);
		goto out;
	}
	err = fd;
out:
	close(at);
	return err;
}

static void note_debuglink(struct ct_image *image, Elf_Scn *scn)
{
	Elf_Data *data = elf_rawdata(scn, NULL);
	const char *name;
	size_t len, crc_at;

	if (!data || !data->d_buf)
		return;
	name = data->d_buf;
	len = strnlen(name, data->d_size);
	crc_at = (len + 4) & ~(size_t)3;
	if (len == 0 || len >= sizeof(image->debuglink) || crc_at + 4 > data->d_size)
		return;
	/* a base name by definition; anything else is an attempt to point elsewhere */
	if (memchr(name, '/', len))
		return;
	memcpy(image->debuglink, name, len);
	memcpy(&image->debuglink_crc, name + crc_at, 4);
}

static void note_altlink(struct ct_image *image, Elf_Scn *scn)
{
	Elf_Data *data = elf_rawdata(scn, NULL);
	size_t len, id_len;

	if (!data || !data->d_buf)
		return;
	len = strnlen(data->d_buf, data->d_size);
	if (len == 0 || len >= sizeof(image->altlink) || len + 1 >= data->d_size)
		return;
	id_len = data->d_size - len - 1;
	if (id_len > sizeof(image->alt_id))
		return;
	memcpy(image->altlink, data->d_buf, len);
	memcpy(image->alt_id, (const char *)data->d_buf + len + 1, id_len);
	image->alt_id_len = id_len;
}

static void note_sections(struct ct_image *image)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrstrndx(image->elf, &names) != 0)
		return;
	while ((scn = elf_nextscn(image->elf, scn))) {
		GElf_Shdr shdr;
		const char *name;

		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type == SHT_NOBITS || shdr.sh_size == 0)
			continue;
		if (shdr.sh_type == SHT_SYMTAB)
			image->has_symtab = true;
		if (shdr.sh_type == SHT_DYNSYM)
			image->has_dynsym = true;
		name = elf_strptr(image->elf, names, shdr.sh_name);
		if (!name)
			continue;
		if (strcmp(name, ".debug_info") == 0 || strcmp(name, ".zdebug_info") == 0)
			image->has_debug_info = true;
		else if (strcmp(name, ".gnu_debugdata") == 0)
			image->has_mini = true;
		else if (strcmp(name, ".gnu_debuglink") == 0)
			note_debuglink(image, scn);
		else if (strcmp(name, ".gnu_debugaltlink") == 0)
			note_altlink(image, scn);
	}
}

Elf *ct_image_elf(const struct ct_image *image)
{
	return elf_begin(image->fd,
			 image->size_bytes > COPY_MAX_BYTES ? ELF_C_READ_MMAP : ELF_C_READ, NULL);
}

int ct_image_open(struct ct_image *image, const char *path)
{
	const void *id;
	GElf_Ehdr ehdr;
	struct stat st;
	ssize_t len;
	int err;

	memset(image, 0, sizeof(*image));
	image->fd = ct_image_open_fd(path);
	if (image->fd < 0) {
		err = image->fd;
		memset(image, 0, sizeof(*image));
		return err;
	}
	err = -ENOMEM;
	image->path = strdup(path);
	if (!image->path)
		goto fail;
	err = -ENOEXEC;
	if (fstat(image->fd, &st) != 0 || elf_version(EV_CURRENT) == EV_NONE)
		goto fail;
	image->size_bytes = (uint64_t)st.st_size;
	image->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	image->elf = ct_image_elf(image);
	if (!image->elf || elf_kind(image->elf) != ELF_K_ELF || !gelf_getehdr(image->elf, &ehdr))
		goto fail;
	if (ehdr.e_type != ET_EXEC && ehdr.e_type != ET_DYN)
		goto fail;
	len = dwelf_elf_gnu_build_id(image->elf, &id);
	if (len > 0 && (size_t)len <= sizeof(image->build_id)) {
		memcpy(image->build_id, id, (size_t)len);
		image->build_id_len = (size_t)len;
	}
	note_sections(image);
	return 0;
fail:
	ct_image_close(image);
	return err;
}

void ct_image_close(struct ct_image *image)
{
	if (!image->path)
		return;
	elf_end(image->elf);
	close(image->fd);
	free(image->path);
	memset(image, 0, sizeof(*image));
}

bool ct_image_is(const struct ct_image *image, const uint8_t *build_id, size_t len)
{
	return image->build_id_len == len && memcmp(image->build_id, build_id, len) == 0;
}

/* "<dir>/.build-id/ab/cdef....debug" */
static int build_id_path(char *out, size_t size, const char *dir, const uint8_t *id, size_t len)
{
	int n = snprintf(out, size, "%s/.build-id/%02x/", dir, id[0]);

	for (size_t i = 1; i < len && n > 0 && (size_t)n < size; i++)
		n += snprintf(out + n, size - (size_t)n, "%02x", id[i]);
	if (n > 0 && (size_t)n < size)
		n += snprintf(out + n, size - (size_t)n, ".debug");
	return n > 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

/* The CRC-32 of .gnu_debuglink (that of zlib and Ethernet). */
static int crc_of(int fd, uint32_t *out)
{
	uint8_t buf[65536];
	uint32_t table[256], crc = ~UINT32_C(0);
	ssize_t n;
	off_t at = 0;

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int k = 0; k < 8; k++)
			c = c & 1 ? (c >> 1) ^ UINT32_C(0xedb88320) : c >> 1;
		table[i] = c;
	}
	while ((n = pread(fd, buf, sizeof(buf), at)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			crc = table[(crc ^ buf[i]) & 0xff] ^ (crc >> 8);
		at += n;
	}
	*out = ~crc;
	return n < 0 ? -errno : 0;
}

static bool try_debuglink(struct ct_image *out, const struct ct_image *image, const char *path)
{
	uint32_t crc;

	if (ct_image_open(out, path) != 0)
		return false;
	/* the link may name the file itself: `objcopy --add-gnu-debuglink=x x` */
	if (out->has_debug_info || out->has_symtab) {
		if (image->build_id_len) {
			if (ct_image_is(out, image->build_id, image->build_id_len))
				return true;
		} else if (crc_of(out->fd, &crc) == 0 && crc == image->debuglink_crc) {
			return true;
		}
	}
	ct_image_close(out);
	return false;
}

int ct_image_open_debug(struct ct_image *out, const struct ct_image *image, const uint8_t *build_id,
			size_t build_id_len, const char *debug_dir, char *tried)
{
	/* beside the program, in its .debug, and mirrored below the debug directory */
	static const char *const forms[] = {"%s%.*s/%s", "%s%.*s/.debug/%s", "%s%.*s/%s"};
	char path[PATH_MAX];
	int dir_len;

	tried[0] = '\0';
	if (build_id_len > 1 &&
	    build_id_path(path, sizeof(path), debug_dir, build_id, build_id_len) == 0) {
		memcpy(tried, path, sizeof(path));
		if (ct_image_open(out, path) == 0) {
			if (ct_image_is(out, build_id, build_id_len))
				return 0;
			ct_image_close(out);
		}
	}
	if (!image || !image->debuglink[0])
		return -ENOENT;
	dir_len = (int)(strrchr(image->path, '/') - image->path);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		int n = snprintf(path, sizeof(path), forms[i], i == 2 ? debug_dir : "", dir_len,
				 image->path, image->debuglink);

		if (n < 0 || (size_t)n >= sizeof(path))
			continue;
		if (!tried[0])
			memcpy(tried, path, sizeof(path));
		if (try_debuglink(out, image, path))
			return 0;
	}
	return -ENOENT;
}

int ct_image_open_alt(struct ct_image *out, const struct ct_image *image, const char *debug_dir)
{
	char path[PATH_MAX];
	int n;

	if (!image->altlink[0] || image->alt_id_len < 2)
		return -ENOENT;
	for (int i = 0; i < 2; i++) {
		if (i == 0) {
			n = build_id_path(path, sizeof(path), debug_dir, image->alt_id,
					  image->alt_id_len);
		} else {
			int dir_len = image->altlink[0] == '/'
					      ? 0
					      : (int)(strrchr(image->path, '/') + 1 - image->path);

			n = snprintf(path, sizeof(path), "%.*s%s", dir_len, image->path,
				     image->altlink);
			n = n > 0 && (size_t)n < sizeof(path) ? 0 : -ENAMETOOLONG;
		}
		if (n != 0 || ct_image_open(out, path) != 0)
			continue;
		if (out->has_debug_info && ct_image_is(out, image->alt_id, image->alt_id_len))
			return 0;
		ct_image_close(out);
	}
	return -ENOENT;
}

static uint8_t *unpack_xz(const void *in, size_t in_len, size_t *out_len)
{
	size_t size = in_len * 4 < 65536 ? 65536 : in_len * 4;

	for (; size <= MINI_MAX_BYTES; size *= 4) {
		uint64_t memory = MINI_MEMORY_BYTES;
		size_t in_at = 0, out_at = 0;
		uint8_t *out = malloc(size);
		lzma_ret ret;

		if (!out)
			return NULL;
		ret = lzma_stream_buffer_decode(&memory, 0, NULL, in, &in_at, in_len, out, &out_at,
						size);
		if (ret == LZMA_OK) {
			*out_len = out_at;
			return out;
		}
		free(out);
		if (ret != LZMA_BUF_ERROR)
			return NULL;
	}
	return NULL;
}

int ct_image_open_mini(const struct ct_image *image, Elf **elf, uint8_t **bytes)
{
	Elf_Scn *scn = NULL;
	Elf_Data *data = NULL;
	size_t names, len;

	if (!image->has_mini || elf_getshdrstrndx(image->elf, &names) != 0)
		return -ENOENT;
	while (!data && (scn = elf_nextscn(image->elf, scn))) {
		GElf_Shdr shdr;
		const char *name;

		if (!gelf_getshdr(scn, &shdr))
			continue;
		name = elf_strptr(image->elf, names, shdr.sh_name);
		if (name && strcmp(name, ".gnu_debugdata") == 0)
			data = elf_rawdata(scn, NULL);
	}
	if (!data || !data->d_buf)
		return -ENOENT;
	*bytes = unpack_xz(data->d_buf, data->d_size, &len);
	if (!*bytes)
		return -ENOEXEC;
	*elf = elf_memory((char *)*bytes, len);
	if (*elf && elf_kind(*elf) == ELF_K_ELF)
		return 0;
	elf_end(*elf);
	free(*bytes);
	return -ENOEXEC;
}
