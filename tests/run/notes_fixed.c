/* cflags: -fno-pie */
/* link: -no-pie */
#include "notes.c"
