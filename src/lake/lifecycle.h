/*
 * The lifecycle rules of a repository: when uploads that nobody completes are
 * dropped.  S3 takes and tells them, gc obeys them.  No other rule of S3 is
 * here: what a commit holds is never dropped by a date.
 */
#ifndef LAKE_LIFECYCLE_H
#define LAKE_LIFECYCLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct buf;
struct cx;
struct xml;

struct lifecycle_rule {
	struct str	id;
	struct str	prefix;		/* of keys, <branch>/<path> */
	bool		in_filter;	/* said as <Filter>; "": for all keys */
	bool		enabled;
	uint64_t	days;		/* after an upload was begun */
};

struct lifecycle {
	struct lifecycle_rule	*rules;
	size_t			 n;
};

/*
 * A document <LifecycleConfiguration> that stands on its root, read to its end
 * and closed; *out is in the context's memory.  E_BAD_XML; E_NOT_IMPLEMENTED
 * for another rule; E_BAD_ARGUMENT for what is no number of days, or an id that
 * two rules have; what vouches for its source.
 */
enum err	lifecycle_read(struct cx *cx, struct xml *x,
		    struct lifecycle *out);
/* All rules, as elements of such a document. */
void		lifecycle_put(struct buf *b, const struct lifecycle *l);
/*
 * In ms, how long an upload to this path of this branch is kept: by the rule
 * that fits and drops it first.  False: none fits.
 */
bool		lifecycle_age(const struct lifecycle *l, struct str branch,
		    struct str path, int64_t *ms);

#endif
