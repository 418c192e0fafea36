/*
 * A condition on an object, as a value: what If-Match and its kin say.  The
 * protocols parse it from headers, the engine judges it inside the
 * transaction that acts on it.  [RFC 9110 13] [S3 conditional requests]
 */
#ifndef LAKE_COND_H
#define LAKE_COND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct cx;
struct entry;

struct cond {
	struct str	if_match;	/* list as sent; p NULL: not given */
	struct str	if_none_match;
	int64_t		modified_since;	/* ms; 0: not given */
	int64_t		unmodified_since;
	int64_t		mtime;		/* must be exactly this; 0: not given */
	bool		has_size;
	uint64_t	size;		/* must be exactly this */
};

enum cond_use { COND_READ, COND_WRITE };

/* Is nothing asked for? */
bool		cond_is_empty(const struct cond *c);

/*
 * Judge against the entry, NULL when the object does not exist.
 * E_PRECONDITION; for a read also E_NOT_MODIFIED; for If-Match on a missing
 * object E_NO_SUCH_OBJECT, as S3 has it.
 */
enum err	cond_check(struct cx *cx, const struct cond *c,
		    enum cond_use use, const struct entry *en);

#endif
