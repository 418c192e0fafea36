/*
 * The gate: what a request names passes here where the target is made, and
 * nowhere else, so that everything behind it works with parts that a key of
 * the store can hold.  Pure: whether the target is there is the engine's.
 *
 * Every target of s3 and api is made here, and every question about many
 * (struct list_query) passes target_list; tests/lint/run holds them to it.
 * Names of what is to be made have stricter rules, in lake/names.
 */
#ifndef LAKE_TARGET_H
#define LAKE_TARGET_H

#include "base/err.h"
#include "base/str.h"

struct cx;

struct target {			/* repository/ref/path */
	struct str	repo, ref, path;
	struct str	version;	/* [S3] versionId: "" none, "null" what
					 * is staged, or a commit's full id */
};

/* What a listing asks, for objects and names alike. */
struct list_query {
	struct str	prefix, delimiter;
	struct str	after;		/* exclusive */
	size_t		limit;
};

/*
 * A repository, a ref of it, a path there; a part that is not named is "".
 * *out is filled in any case, for the log.  E_BAD_NAME, E_KEY_TOO_LONG over
 * LIMIT_REF or LIMIT_PATH, E_BAD_PATH for what is not UTF-8.
 */
enum err	target_make(struct cx *cx, struct str repo, struct str ref,
		    struct str path, struct target *out);
/* The same, of an object: E_BAD_PATH also when the path is empty. */
enum err	target_object(struct cx *cx, struct str repo, struct str ref,
		    struct str path, struct target *out);
/* A ref alone, a name or an expression: E_KEY_TOO_LONG, E_BAD_PATH as above. */
enum err	target_ref(struct cx *cx, struct str ref);
/* A path alone, or the head of one: the same errors. */
enum err	target_path(struct cx *cx, struct str path);
/* Prefix, delimiter and marker of a listing, each bounded as a path. */
enum err	target_list(struct cx *cx, const struct list_query *q);

#endif
