/* What a language without a C compiler does: find the functions by name. */
/* link: -ldl */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>

int main(void)
{
	uint64_t (*begin)(const char *, uint64_t) =
		(uint64_t(*)(const char *, uint64_t))dlsym(RTLD_DEFAULT, "ctrace_region_begin");
	void (*end)(uint64_t) = (void (*)(uint64_t))dlsym(RTLD_DEFAULT, "ctrace_region_end");

	if (!begin || !end) {
		puts("not recorded");
		return 0;
	}
	end(begin("by name", 0));
	puts("recorded");
	return 0;
}
