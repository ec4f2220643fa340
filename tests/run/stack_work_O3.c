/* cflags: -O3 -fomit-frame-pointer -mstackrealign -fno-plt */
/* link: -ldl -lrt -Wl,-z,now */
/* stack_work_O3.c - stack_work.c with every frame realigned, inlined hard, and no PLT. */
#include "stack_work.c"
