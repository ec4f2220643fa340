/*
 * output.h - a file or folder that is written by its name and takes its place when it is complete.
 */
#ifndef CT_TOOLS_OUTPUT_H
#define CT_TOOLS_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct ct_output {
	char *path; /* what it will be called */
	char *temporary; /* what it is called until then; NULL: written where it is, being no file or standard output */
	bool folder;
	FILE *f; /* of ct_output_stream() */
};

/*
 * ct_output_stream - a file as a stream, o->f
 * @path: NULL: standard output.  A link, pipe or device is written through as it is; a file is overwritten when all is written.
 * Returns 0 or a negative error.
 * Context: tools.
 */
int ct_output_stream(struct ct_output *o, const char *path);

/*
 * ct_output_open - make an empty file (0600) or folder (0700) beside the place it is for
 * @path: a folder must not be there, or be empty; a file is overwritten
 * @why, @size: on error a line when it is not just the error's text, else ""
 * Returns 0 or a negative error.
 * Context: tools.
 */
int ct_output_open(struct ct_output *o, const char *path, bool folder, char *why, size_t size);

/*
 * ct_output_close - close it and put it in its place, or remove it after an error
 * Returns @err, or what went wrong now.
 * Context: tools.
 */
int ct_output_close(struct ct_output *o, int err);

#endif
