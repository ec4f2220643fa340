/*
 * cmd.h - what the commands of `ctrace` share with the dispatcher.
 *
 * A command is one file, cmd_NAME.c, with one function ct_cmd_NAME() and one line in commands.def.  Its argv[0] is its own name.
 * It returns the exit status: 0; 1 when the trace is damaged or the output could not be written; 2 for a bad argument or a file
 * that cannot be opened, with one line on standard error.
 */
#ifndef CT_TOOLS_CMD_H
#define CT_TOOLS_CMD_H

#define CT_EXIT_DAMAGED 1
#define CT_EXIT_USAGE	2

#define CT_COMMAND(name, group, text) int ct_cmd_##name(int argc, char **argv);
#include "commands.def"
#undef CT_COMMAND

#endif
