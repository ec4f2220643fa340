/*
 * glibc.h - stands in for what glibc's build gives its own tests, so that they compile outside of it.
 *
 * Included before everything else. It makes no part of glibc's inside known: a test that wants one is left out.
 */
#include <features.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/socket.h>

#undef attribute_hidden
#define attribute_hidden
#define libc_hidden_def(name)
#define libc_hidden_proto(name)

#define TIMEOUTFACTOR	    1
#define DEFAULT_STACK_PERMS (PROT_READ | PROT_WRITE)

/* Folders of glibc's build tree, and of the system that its containers are made from: neither is here. */
#define BINDIR_PATH	     "/usr/bin"
#define COMPLOCALEDIR_PATH   "/usr/lib/locale"
#define INSTDIR_PATH	     "/nowhere"
#define LIBDIR_PATH	     "/lib"
#define OBJDIR_ELF_LDSO_PATH "/nowhere"
#define OBJDIR_PATH	     "/nowhere"
#define ROOTDIR_PATH	     "/"
#define ROOTSBINDIR_PATH     "/sbin"
#define SBINDIR_PATH	     "/usr/sbin"
#define SLIBDIR_PATH	     "/lib"
#define SRCDIR_PATH	     "/nowhere"
#define SYSCONFDIR_PATH	     "/etc"
