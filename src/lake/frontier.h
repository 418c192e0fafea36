/*
 * Where a walk through history goes on: the commits that it would look at, as
 * the text that clients bring for the next page.  Pure: whether they are there
 * is the engine's to ask.
 */
#ifndef LAKE_FRONTIER_H
#define LAKE_FRONTIER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/limit.h"
#include "base/str.h"
#include "lake/ids.h"

struct cx;

struct frontier {
	struct oid	at[LIMIT_FRONTIER];
	size_t		n;
};

/* Is the text one, or meant as one?  No ref begins as it does. */
bool		frontier_is(struct str text);
/* The text, in the memory of cx; f has a commit at least. */
struct str	frontier_format(struct cx *cx, const struct frontier *f);
/* From the text: at least one commit, none twice.  E_BAD_REQUEST. */
enum err	frontier_parse(struct cx *cx, struct str text,
		    struct frontier *f);

#endif
