/*
 * poison.h - makes the compiler refuse what code inside other people's processes may not use.
 *
 * Include it last, after every system header: a poisoned word is an error wherever it appears.  It
 * is a tripwire against habit, not a proof; the import check of the built object is the proof.
 */
#ifndef CT_SYS_POISON_H
#define CT_SYS_POISON_H

#pragma GCC poison malloc calloc realloc free aligned_alloc posix_memalign strdup strndup
#pragma GCC poison printf fprintf snprintf vsnprintf sprintf puts fputs perror fopen fdopen fclose
#pragma GCC poison memcpy memset memmove memcmp strlen strcmp strncmp strcpy strcat strchr
#pragma GCC poison abort exit _exit atexit assert getenv setenv errno
#pragma GCC poison dlsym dlopen dladdr dl_iterate_phdr pthread_mutex_lock pthread_mutex_unlock     \
	pthread_once
#pragma GCC poison pthread_getattr_np pthread_setspecific pthread_key_create sigaction signal

#endif
