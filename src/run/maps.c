/*
 * maps.c - see maps.h.
 */
#include "maps.h"

#include <string.h>

bool ct_maps_open(struct ct_maps *m, pid_t pid)
{
	char name[32] = "/proc/self/maps";

	if (pid)
		snprintf(name, sizeof(name), "/proc/%d/maps", (int)pid);
	m->file = fopen(name, "re");
	return m->file != NULL;
}

bool ct_maps_next(struct ct_maps *m, struct ct_map *out)
{
	unsigned long long from, to, offset, inode;
	unsigned major, minor;
	char protection[8];
	int at;

	while (fgets(m->line, sizeof(m->line), m->file)) {
		m->line[strcspn(m->line, "\n")] = 0;
		if (sscanf(m->line, "%llx-%llx %7s %llx %x:%x %llu %n", &from, &to, protection,
			   &offset, &major, &minor, &inode, &at) != 7 ||
		    strlen(protection) != 4)
			continue;
		*out = (struct ct_map){
			.from = from,
			.to = to,
			.offset = offset,
			.device = (uint64_t)major << 32 | minor,
			.inode = inode,
			.executable = protection[2] == 'x',
			.writable = protection[1] == 'w',
			.shared = protection[3] == 's',
			.path = m->line + at,
		};
		return true;
	}
	return false;
}

void ct_maps_close(struct ct_maps *m)
{
	fclose(m->file);
}
