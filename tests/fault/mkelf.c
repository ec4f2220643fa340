/*
 * mkelf.c - writes small ELF files that ctrace-run must refuse.
 *
 *	mkelf 32bit|musl|aarch64 FILE
 *
 * Headers and one program header that names an interpreter: a 32-bit x86 program, an x86-64 program
 * of another C library, a program of another architecture.  They hold no code; a launcher has to see
 * from the headers that its preload object cannot go there.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t make_64(unsigned char *image, uint16_t machine, const char *interpreter)
{
	Elf64_Ehdr head = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = machine,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(head),
		.e_ehsize = sizeof(head),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
	};
	Elf64_Phdr interp = {
		.p_type = PT_INTERP,
		.p_flags = PF_R,
		.p_offset = sizeof(head) + sizeof(interp),
		.p_filesz = strlen(interpreter) + 1,
		.p_memsz = strlen(interpreter) + 1,
	};

	memcpy(image, &head, sizeof(head));
	memcpy(image + sizeof(head), &interp, sizeof(interp));
	strcpy((char *)image + interp.p_offset, interpreter);
	return interp.p_offset + interp.p_filesz;
}

static size_t make_32(unsigned char *image, const char *interpreter)
{
	Elf32_Ehdr head = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_386,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(head),
		.e_ehsize = sizeof(head),
		.e_phentsize = sizeof(Elf32_Phdr),
		.e_phnum = 1,
	};
	Elf32_Phdr interp = {
		.p_type = PT_INTERP,
		.p_flags = PF_R,
		.p_offset = sizeof(head) + sizeof(interp),
		.p_filesz = (uint32_t)strlen(interpreter) + 1,
		.p_memsz = (uint32_t)strlen(interpreter) + 1,
	};

	memcpy(image, &head, sizeof(head));
	memcpy(image + sizeof(head), &interp, sizeof(interp));
	strcpy((char *)image + interp.p_offset, interpreter);
	return interp.p_offset + interp.p_filesz;
}

int main(int argc, char **argv)
{
	unsigned char image[512] = {0};
	size_t size;
	int fd;

	if (argc != 3)
		return 2;
	if (!strcmp(argv[1], "32bit"))
		size = make_32(image, "/lib/ld-linux.so.2");
	else if (!strcmp(argv[1], "musl"))
		size = make_64(image, EM_X86_64, "/lib/ld-musl-x86_64.so.1");
	else if (!strcmp(argv[1], "aarch64"))
		size = make_64(image, EM_AARCH64, "/lib/ld-linux-aarch64.so.1");
	else
		return 2;
	fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	if (fd < 0 || write(fd, image, size) != (ssize_t)size || close(fd)) {
		perror(argv[2]);
		return 1;
	}
	return 0;
}
