/*
 * err.h - why something of a trace could not be used.  Functions of the tools return 0, or -errno, or one of these negated; both
 * are negative and ct_err_text() names either.
 */
#ifndef CT_FILE_ERR_H
#define CT_FILE_ERR_H

enum ct_err {
	CT_ERR_FIRST = 1000, /* above every errno */
	CT_ERR_FOREIGN,	     /* not a ctrace file */
	CT_ERR_NEWER,	     /* another major version, or a feature this version does not know */
	CT_ERR_TRUNCATED,    /* ends before what it promises */
	CT_ERR_DAMAGED,	     /* bytes that cannot be what they claim to be */
	CT_ERR_SYNTAX	     /* of the text form */
};

/*
 * ct_err_text - words for an error
 * @err: as returned: negative errno or negative enum ct_err
 * Returns a string that stays valid until the thread asks again.
 * Context: tools.
 */
const char *ct_err_text(int err);

#endif
