/* Records whose owner is gone. */
#ifndef UPKEEP_ORPHANS_H
#define UPKEEP_ORPHANS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "lake/ids.h"

struct cx;
struct kv;

struct orphans {
	char	  child;	/* letter of keys that begin with their owner's
				 * id: 'P' with an upload's, 'U' a branch's */
	char	  owner;	/* letter of the owners' records */
	/* The id of an owner, from its record; false: it cannot be read. */
	bool	  (*id)(struct cx *cx, struct str key, struct str value,
		    struct uid *out);
	/* An id whose owner is gone for ever. */
	enum err  (*gone)(struct cx *cx, const struct uid *id, void *arg);
	void	 *arg;
};

/*
 * Calls gone for each id that children name and no owner has.  Beside writers,
 * too: the owner is there before its first child, and ids are never used twice,
 * so an owner that is looked for after a child was seen, and not found, never
 * comes back.  The first failure of gone ends it.
 */
enum err	orphans_each(struct cx *cx, struct kv *kv,
		    const struct orphans *o);

/* The id of an upload, the end of its key: an `id` for orphans. */
bool		orphans_upload_id(struct cx *cx, struct str key,
		    struct str value, struct uid *out);

#endif
