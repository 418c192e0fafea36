/* The key layout (DESIGN 2): one builder a kind of record. */
#ifndef ENGINE_KEYS_H
#define ENGINE_KEYS_H

#include "lake/record.h"

struct cx;

struct range {			/* keys lo <= k < hi */
	struct str	lo, hi;
};

struct str	key_repo(struct cx *cx, struct str name);
struct str	key_branch(struct cx *cx, const struct uid *ruid,
		    struct str name);
struct str	key_tag(struct cx *cx, const struct uid *ruid,
		    struct str name);
struct str	key_commit(struct cx *cx, const struct uid *ruid,
		    struct str id_or_prefix);
struct str	key_stamp(struct cx *cx, const struct oid *node);
struct str	key_node(struct cx *cx, const struct oid *node);
struct str	key_row(struct cx *cx, const struct uid *uid, uint64_t area,
		    struct str path);
struct str	key_area(struct cx *cx, const struct uid *uid, uint64_t area);
struct str	key_rows(struct cx *cx, const struct uid *uid);
struct str	key_count(struct cx *cx, const struct uid *uid, uint64_t area);
struct str	key_counts(struct cx *cx, const struct uid *uid);
struct str	key_heads(struct cx *cx, const struct uid *ruid,
		    struct str branch);
struct str	key_head(struct cx *cx, const struct uid *ruid,
		    struct str branch, uint64_t seq);
struct str	key_uploads(struct cx *cx, const struct uid *uid);
/* Uploads whose path begins so: not terminated. */
struct str	key_uploads_at(struct cx *cx, const struct uid *uid,
		    struct str path);
struct str	key_upload(struct cx *cx, const struct uid *uid,
		    struct str path, const struct uid *id);
struct str	key_parts(struct cx *cx, const struct uid *upload);
struct str	key_part(struct cx *cx, const struct uid *upload,
		    uint32_t number);
struct str	key_small(struct cx *cx, const struct uid *block);
struct str	key_manifest(struct cx *cx, const struct uid *id);
struct str	key_gc(void);
struct str	key_grey(struct cx *cx, char kind, struct str id);
struct str	key_doom(struct cx *cx, const struct uid *ruid,
		    const struct oid *commit);
struct str	key_dead(struct cx *cx, const struct uid *block);
struct str	key_reap(struct cx *cx, char kind, const struct uid *id);

/* All keys that begin so; for a letter alone, all records of a kind. */
struct range	key_range(struct cx *cx, struct str prefix);
struct str	key_letter(struct cx *cx, char letter);
/* The first key after all that begin so. */
struct str	key_end(struct cx *cx, struct str prefix);

#endif
