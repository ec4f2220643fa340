/*
 * err.c - see err.h.
 */
#include "err.h"

#include <string.h>

const char *ct_err_text(int err)
{
	switch (-err) {
	case 0: return "no error";
	case CT_ERR_FOREIGN: return "not a ctrace file";
	case CT_ERR_NEWER: return "written by a newer ctrace";
	case CT_ERR_TRUNCATED: return "truncated";
	case CT_ERR_DAMAGED: return "damaged";
	case CT_ERR_SYNTAX: return "syntax error";
	default: return strerror(-err);
	}
}
