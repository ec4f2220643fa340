/*
 * ctrace.c - `ctrace COMMAND`: finds the command and gets out of its way.
 */
#include <stdio.h>
#include <string.h>

#include <ctrace/version.h>

#include "cmd.h"

enum group { ANSWER, LIVE, TRACE, GROUPS };

static const char *const titles[GROUPS] = {"What a program waited for", "While it runs",
					   "The trace itself"};

static const struct command {
	const char *name, *text;
	enum group group;
	int (*run)(int argc, char **argv);
} commands[] = {
#define CT_COMMAND(name, group, text) {#name, text, group, ct_cmd_##name},
#include "commands.def"
#undef CT_COMMAND
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *f)
{
	size_t i;
	int g;

	fprintf(f, "usage: ctrace COMMAND [options] TRACE\n\n"
		   "Answers questions about a trace that ctrace-run recorded.\n");
	for (g = 0; g < GROUPS; g++) {
		fprintf(f, "\n%s\n", titles[g]);
		for (i = 0; i < COMMANDS; i++)
			if ((int)commands[i].group == g)
				fprintf(f, "  %-10s %s\n", commands[i].name, commands[i].text);
	}
	fprintf(f, "\n`ctrace COMMAND --help` tells the options of a command, with an example.\n"
		   "Record a trace with: ctrace-run -o my.ctrace -- program arguments\n");
}

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct command *c;
	char *help[3] = {NULL, (char[]){"--help"}, NULL};

	if (argc < 2) {
		print_help(stderr);
		return CT_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "version")) {
		puts("ctrace " CTRACE_VERSION);
		return 0;
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		if (argc < 3) {
			print_help(stdout);
			return 0;
		}
		c = find(argv[2]);
		if (c) {
			help[0] = argv[2];
			return c->run(2, help);
		}
		argv[1] = argv[2];
	}
	c = find(argv[1]);
	if (!c) {
		fprintf(stderr, "ctrace: no command '%s'; ctrace help lists them\n", argv[1]);
		return CT_EXIT_USAGE;
	}
	return c->run(argc - 1, argv + 1);
}
