/* cflags: -fno-omit-frame-pointer -fcf-protection=none -no-pie */
/* link: -ldl -lrt -Wl,-z,lazy */
/* stack_work_fp.c - stack_work.c with frame pointers, old PLT entries and fixed addresses. */
#include "stack_work.c"
