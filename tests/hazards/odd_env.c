/*
 * odd_env.c - runs a program with entries in its environment that are no assignments.
 *
 *	odd_env LIBCTRACE PROGRAM [ARGUMENTS]
 *
 * The preload reads the environment itself; entries without "=", empty ones, and names that begin like its own must not lead it astray.
 */
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char preload[4096], dir[] = "CTRACE_DIR=rings";
	char *env[] = {"",
		       "=",
		       "CTRACE_ARENA",
		       "CTRACE_THRESHOLD",
		       "=CTRACE_ARENA=x",
		       "CTRACE_ARENAS=/none",
		       preload,
		       "CTRACE_DIR",
		       dir,
		       NULL};

	if (argc < 3)
		return 2;
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", argv[1]);
	execve(argv[2], argv + 2, env);
	return 127;
}
