/* Whose each storage namespace is: records S, so that one is looked up. */
#ifndef ENGINE_NAMESPACE_H
#define ENGINE_NAMESPACE_H

#include <stdbool.h>

#include "lake/record.h"

struct kv_tx;

struct namespace {
	struct uid	 ruid;
	struct str	 repo;		/* its name */
};

/* A namespace that somebody has; one over LIMIT_NAMESPACE is never there. */
enum err	namespace_find(struct cx *cx, struct kv_tx *tx, struct str ns,
		    struct namespace *out, bool *there);
/* The namespace of *r is its own from here on.  Nothing is written for one over
 * LIMIT_NAMESPACE, which only an older program gave. */
enum err	namespace_put(struct cx *cx, struct kv_tx *tx,
		    const struct repo *r);
/* *r is being deleted: anybody may have its namespace. */
enum err	namespace_drop(struct cx *cx, struct kv_tx *tx,
		    const struct repo *r);

#endif
