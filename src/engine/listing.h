/* How listings of objects are cut into groups and pages. */
#ifndef ENGINE_LISTING_H
#define ENGINE_LISTING_H

#include "engine/engine_inside.h"

/* The group a path falls into: up to and with the delimiter, or none. */
bool		list_group(const struct list_query *q, struct str path,
		    struct str *group);
/* Where the page begins: after `after`, past its whole group if it is one. */
struct str	list_first(struct cx *cx, const struct list_query *q);

/*
 * A page ends at its limit, or when what it has costs LIMIT_PAGE_BYTES: what
 * its records take in memory, and once more in an answer that escapes them.
 */
bool		list_full(size_t limit, size_t n, size_t cost);
size_t		list_cost(struct str bytes);
/* Claim the memory for a page, before its transaction.  E_BUSY. */
enum err	list_claim(struct cx *cx, size_t limit);

#endif
