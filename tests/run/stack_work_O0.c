/* cflags: -O0 */
/* link: -ldl -lrt -Wl,-z,lazy */
/* stack_work_O0.c - stack_work.c as people debug it: everything has a frame pointer. */
#include "stack_work.c"
