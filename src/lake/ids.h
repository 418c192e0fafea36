/*
 * The two kinds of id: of contents, and of things that are made.  Values, which
 * are copied.
 */
#ifndef LAKE_IDS_H
#define LAKE_IDS_H

#include <stdbool.h>

#include "base/str.h"

struct oid {				/* SHA-256: a node or a commit */
	unsigned char	b[32];
};

struct uid {				/* never reused */
	unsigned char	b[16];
};

struct oid_hex {
	char	z[65];
};

/* As 64 lower-case digits and a NUL: oid_hex(&id).z in a message. */
struct oid_hex	oid_hex(const struct oid *id);
/* The id of 64 hex digits, in any case; false: these are none. */
bool		oid_parse(struct str hex, struct oid *out);
/* Are they equal? */
bool		oid_is(const struct oid *a, const struct oid *b);
/* Is it the id of nothing: the empty tree, no commit? */
bool		oid_is_zero(const struct oid *a);
/* A slice of the bytes of id itself. */
struct str	oid_str(const struct oid *id);

/* Are they equal? */
bool		uid_is(const struct uid *a, const struct uid *b);
/* A slice of the bytes of id itself. */
struct str	uid_str(const struct uid *id);

#endif
