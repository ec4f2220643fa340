/* link: -ldl */
/*
 * blind.c - waits where ctrace cannot see, on request.
 *
 *	blind plain LIB		loads a library
 *	blind deepbind LIB	loads it with RTLD_DEEPBIND
 *	blind namespace LIB	loads it into another link namespace
 *	blind made		makes code and runs it
 *	blind none		nothing of these
 *
 * Then it waits for a byte on standard input.  Run by blind.sh, with libraries that blind.sh makes.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int load(void *handle)
{
	if (!handle)
		printf("%s\n", dlerror());
	return handle ? 0 : 1;
}

static int make_code(void)
{
#if defined(__x86_64__)
	static const unsigned char code[] = {0xb8, 7, 0, 0, 0, 0xc3}; /* return 7 */
#else
	static const unsigned code[] = {0x528000e0, 0xd65f03c0};
#endif
	void *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int (*made)(void);

	if (p == MAP_FAILED)
		return 1;
	memcpy(p, code, sizeof(code));
	if (mprotect(p, 65536, PROT_READ | PROT_EXEC))
		return 1;
	__builtin___clear_cache(p, (char *)p + sizeof(code));
	memcpy(&made, &p, sizeof(made));
	return made() != 7;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "none", *lib = argc > 2 ? argv[2] : "";
	int bad = 0;
	char c;

	if (!strcmp(what, "deepbind"))
		bad = load(dlopen(lib, RTLD_NOW | RTLD_DEEPBIND));
	else if (!strcmp(what, "namespace"))
		bad = load(dlmopen(LM_ID_NEWLM, lib, RTLD_NOW));
	else if (!strcmp(what, "plain"))
		bad = load(dlopen(lib, RTLD_NOW));
	else if (!strcmp(what, "made"))
		bad = make_code();
	if (read(0, &c, 1) < 0)
		bad = 1;
	return bad;
}
