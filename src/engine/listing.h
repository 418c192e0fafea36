/* How listings of objects are cut into groups and pages. */
#ifndef ENGINE_LISTING_H
#define ENGINE_LISTING_H

#include "engine/inside.h"

/* The group a path falls into: up to and with the delimiter, or none. */
bool		list_group(const struct list_query *q, struct str path,
		    struct str *group);
/* Where the page begins: after `after`, past its whole group if it is one. */
struct str	list_first(struct cx *cx, const struct list_query *q);

#endif
