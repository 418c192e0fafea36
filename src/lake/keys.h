/*
 * The key layout (engine/DESIGN 2): one builder a kind of record.  Keys live in
 * cx->mem.  What requests name was bounded by lake/target; a key that would be
 * longer than KEYS_LONGEST is a broken invariant, and an assert.
 */
#ifndef LAKE_KEYS_H
#define LAKE_KEYS_H

#include "base/limit.h"
#include "lake/ids.h"

struct cx;

/* Bytes of the longest: that of an upload, whose path is all NULs. */
enum { KEYS_LONGEST = 1 + sizeof(struct uid) + 2 * LIMIT_PATH + 2 +
	sizeof(struct uid) };

struct keys_range {		/* keys lo <= k < hi */
	struct str	lo, hi;
};

/* R: a repository. */
struct str	key_repo(struct cx *cx, struct str name);
/* S: a storage namespace, of at most LIMIT_NAMESPACE bytes. */
struct str	key_namespace(struct cx *cx, struct str ns);
/* B: a branch of a repository; name "": what all of them begin with. */
struct str	key_branch(struct cx *cx, const struct uid *ruid,
		    struct str name);
/* T: a tag, as a branch. */
struct str	key_tag(struct cx *cx, const struct uid *ruid,
		    struct str name);
/* C: a commit, by its whole id (bytes) or the beginning of one. */
struct str	key_commit(struct cx *cx, const struct uid *ruid,
		    struct str id_or_prefix);
/* N: the stamp of a node. */
struct str	key_stamp(struct cx *cx, const struct oid *node);
/* n: the bytes of a node. */
struct str	key_node(struct cx *cx, const struct oid *node);
/* r: a staged row of a branch, in an area. */
struct str	key_row(struct cx *cx, const struct uid *uid, uint64_t area,
		    struct str path);
/* What all rows of an area begin with. */
struct str	key_area(struct cx *cx, const struct uid *uid, uint64_t area);
/* What all rows of a branch begin with. */
struct str	key_rows(struct cx *cx, const struct uid *uid);
/* c: how many rows and tombstones were written to an area. */
struct str	key_count(struct cx *cx, const struct uid *uid, uint64_t area);
/* What all counts of a branch begin with. */
struct str	key_counts(struct cx *cx, const struct uid *uid);
/* What all rows of the head log of a branch begin with. */
struct str	key_heads(struct cx *cx, const struct uid *ruid,
		    struct str branch);
/* H: a row of the head log. */
struct str	key_head(struct cx *cx, const struct uid *ruid,
		    struct str branch, uint64_t seq);
/* What all uploads of a branch begin with. */
struct str	key_uploads(struct cx *cx, const struct uid *uid);
/* What uploads begin with whose path begins so. */
struct str	key_uploads_at(struct cx *cx, const struct uid *uid,
		    struct str path);
/* U: an upload; NULs are escaped so that order is that of the paths. */
struct str	key_upload(struct cx *cx, const struct uid *uid,
		    struct str path, const struct uid *id);
/* What all parts of an upload begin with. */
struct str	key_parts(struct cx *cx, const struct uid *upload);
/* P: a part. */
struct str	key_part(struct cx *cx, const struct uid *upload,
		    uint32_t number);
/* y: the bytes of a small block. */
struct str	key_small(struct cx *cx, const struct uid *block);
/* M: a manifest. */
struct str	key_manifest(struct cx *cx, const struct uid *id);
/* G: the gc record. */
struct str	key_gc(void);
/* L: the lake's own id, of which its backups know it. */
struct str	key_lake(void);
/* g: a grey note; kind is an enum grey of tree/claim.h. */
struct str	key_grey(struct cx *cx, char kind, struct str id);
/* D: the epoch in which a commit was condemned. */
struct str	key_doom(struct cx *cx, const struct uid *ruid,
		    const struct oid *commit);
/* X: since when a block is dead. */
struct str	key_dead(struct cx *cx, const struct uid *block);
/* Z: what is to be reaped, 'R' a repository's ruid, 'B' a branch's uid, 'U' an
 * upload whose parts are left. */
struct str	key_reap(struct cx *cx, char kind, const struct uid *id);

/* A U: a user; "": what all of them begin with.  At most LIMIT_USER_NAME. */
struct str	key_user(struct cx *cx, struct str name);
/* A K: an access key, in the same way.  At most LIMIT_KEY_ID. */
struct str	key_access(struct cx *cx, struct str id);
/* A S: when the lake was set up. */
struct str	key_setup(void);
/* A M: which master key seals secrets. */
struct str	key_sealer(void);

/* Is it long enough for the ids that keys of its kind have?  What is not was
 * written by no program of ours. */
bool		key_is_whole(struct str key);

/* All keys that begin so; for a letter alone, all records of a kind. */
struct keys_range key_range(struct cx *cx, struct str prefix);
/* What all keys of a kind begin with. */
struct str	key_letter(struct cx *cx, char letter);
/* The first key after all that begin so. */
struct str	key_end(struct cx *cx, struct str prefix);

#endif
