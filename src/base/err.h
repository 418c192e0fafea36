/*
 * The kinds of error.  A call that can fail returns one; OK is 0.  Words and
 * place are recorded in the context by fail(), once, where they are known.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err {
#define ERR(name, words)	name,
#include "base/err.def"
#undef ERR
	ERR_KINDS
};

/* The name of a kind: "E_NO_SUCH_REF". */
const char	*err_name(enum err e);
/* Its words in err.def. */
const char	*err_words(enum err e);

#endif
