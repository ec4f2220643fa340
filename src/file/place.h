/*
 * place.h - names of files that are to be written.
 */
#ifndef CT_FILE_PLACE_H
#define CT_FILE_PLACE_H

#include <stdbool.h>

/*
 * ct_place_is_descriptor - is this path a link into /proc, as /dev/stdout and /dev/fd/1 are: another name of what is open already?
 * A file made under another name may take the place of any link but this one, which belongs to the system.
 * Context: tools.
 */
bool ct_place_is_descriptor(const char *path);

#endif
