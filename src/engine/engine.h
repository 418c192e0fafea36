/*
 * The versioning engine: what operations of s3 and api, and the commands, may
 * ask, and the plain values that they pass and get.  DESIGN states its
 * invariants and protocols.
 *
 * One engine is open per process; any number of threads call it.  Strings that
 * are passed stay the caller's; values that come back live in cx->mem.  Errors
 * are those of the name of the thing that is missing or refused; besides, every
 * call may give E_STORE, E_BUSY, E_DISK_FULL and E_CORRUPT.  Times are cx->now.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "base/stream.h"
#include "lake/cond.h"
#include "lake/entry.h"
#include "lake/record.h"
#include "lake/target.h"

struct block;
struct cx;
struct engine;
struct kv;

struct engine_opts {
	size_t	inline_max;	/* bytes; larger objects are files */
	size_t	cache_bytes;	/* of tree nodes, per process */
	size_t	area_rows;	/* least rows that fill an area */
	size_t	area_tombs;
	/* Below so many free bytes in dir or spool only deletes, resets and gc
	 * write, so that a full disk can be cleaned up.  dir NULL: not looked
	 * at. */
	const char	*dir;
	uint64_t	 reserve;
	/* The web server's spool; NULL: none, or none of ours to look at. */
	const char	*spool;
};

void		engine_defaults(struct engine_opts *o);
/* Both drivers stay the caller's. */
struct engine	*engine_open(struct kv *kv, struct block *block,
		    const struct engine_opts *o);
void		engine_close(struct engine *eng);
/* First record of a new lake. */
enum err	engine_init(struct cx *cx, struct engine *eng);
/*
 * One bounded slice of maintenance that requests left behind: folding, and
 * dropping folded rows.  *more: call again.
 */
enum err	engine_maintain(struct cx *cx, struct engine *eng, bool *more);
/* Can it serve?  The store is read, and a write would find room: E_DISK_FULL,
 * E_STORE.  Changes nothing, and waits for no writer. */
enum err	engine_ready(struct cx *cx, struct engine *eng);

/* ---- repositories ------------------------------------------------------ */

struct repo_page {
	struct repo	*at;
	size_t		 n;
	bool		 more;
};

/* Creates the default branch on a first commit.  E_REPO_EXISTS, E_BAD_NAME. */
enum err	repo_create(struct cx *cx, struct engine *eng,
		    struct repo *r, struct str who);
enum err	repo_get(struct cx *cx, struct engine *eng, struct str name,
		    struct repo *out);
/* Gives a setting a value; p NULL takes it away. */
enum err	repo_set(struct cx *cx, struct engine *eng, struct str name,
		    const char *setting, struct str value);
enum err	repo_list(struct cx *cx, struct engine *eng,
		    const struct list_query *q, struct repo_page *out);
enum err	repo_delete(struct cx *cx, struct engine *eng,
		    struct str name, bool force);
/* Only when nobody would miss anything, judged in the tx that deletes: one
 * branch, its first commit, no tag and no object.  E_NOT_EMPTY. */
enum err	repo_delete_unused(struct cx *cx, struct engine *eng,
		    struct str name);

/* ---- refs -------------------------------------------------------------- */

struct ref {
	struct str	name;
	struct oid	commit;
};

struct ref_page {
	struct ref	*at;
	size_t		 n;
	bool		 more;
};

/* Any ref expression to a commit; "$" is refused (E_BAD_REF). */
enum err	ref_commit(struct cx *cx, struct engine *eng,
		    struct str repo, struct str ref, struct commit *out);
enum err	branch_create(struct cx *cx, struct engine *eng,
		    struct str repo, struct str name, struct str source,
		    bool hidden, struct str who, struct oid *head);
enum err	branch_get(struct cx *cx, struct engine *eng,
		    struct str repo, struct str name, struct branch *out);
enum err	branch_list(struct cx *cx, struct engine *eng,
		    struct str repo, const struct list_query *q,
		    bool show_hidden, struct ref_page *out);
enum err	branch_delete(struct cx *cx, struct engine *eng,
		    struct str repo, struct str name, bool force,
		    struct str who);
enum err	tag_create(struct cx *cx, struct engine *eng, struct str repo,
		    struct str name, struct str source, bool force,
		    struct oid *commit);
enum err	tag_get(struct cx *cx, struct engine *eng, struct str repo,
		    struct str name, struct oid *commit);
enum err	tag_list(struct cx *cx, struct engine *eng, struct str repo,
		    const struct list_query *q, struct ref_page *out);
enum err	tag_delete(struct cx *cx, struct engine *eng, struct str repo,
		    struct str name, bool force);

/* ---- objects ----------------------------------------------------------- */

struct body;			/* bytes that are stored but have no name yet */

struct delete_item {
	struct str	path;
	struct cond	cond;
	enum err	result;
	struct str	words;
	bool		marker;	/* where versions are shown: the deletion is
				 * one, staged */
};

struct copy_opts {
	struct cond		 src_cond, dst_cond;
	const struct entry	*replace; /* type, metadata, headers; or NULL */
	bool			 replace_tags;	/* tags of replace, too */
	struct pair		 sum;	/* for those of the source; or "" */
	bool			 force;
	bool			 move;	/* the source, of the same branch, goes;
					 * its time is kept */
};

struct list_item {
	bool		is_prefix;
	struct str	path;		/* or the group, with is_prefix */
	struct entry	en;
};

struct list_page {
	struct list_item	*at;
	size_t			 n;
	bool			 more;
};

struct version {		/* one state of an object in history */
	bool		is_prefix, is_latest, is_deleted;
	struct str	path;		/* or the group, with is_prefix */
	struct oid	commit;		/* that brought it; zero: staged */
	int64_t		time;		/* ms; of a deletion, the commit's */
	struct entry	en;		/* not of a deletion */
};

struct version_page {
	struct version	*at;
	size_t		 n;
	bool		 more;
};

/*
 * Store what a source gives, at most max bytes (E_TOO_LARGE).  Afterwards
 * body_size and body_md5 are known.  feed (may be NULL) sees every window.
 */
enum err	body_take(struct cx *cx, struct engine *eng,
		    const struct source *src, uint64_t max,
		    void (*feed)(void *arg, const void *p, size_t n),
		    void *arg, struct body **out);
uint64_t	body_size(const struct body *b);
const unsigned char *body_md5(const struct body *b);

/* What the write would be refused for, before the body is read. */
enum err	object_check_write(struct cx *cx, struct engine *eng,
		    const struct target *at, const struct cond *cond,
		    bool force);
/* Names the body; fills size, mtime, extents of en. */
enum err	object_put(struct cx *cx, struct engine *eng,
		    const struct target *at, struct body *b, struct entry *en,
		    const struct cond *cond, bool force);
enum err	object_stat(struct cx *cx, struct engine *eng,
		    const struct target *at, struct entry *out);
/* The entry with its extents, whatever they are kept in. */
enum err	object_open(struct cx *cx, struct engine *eng,
		    const struct target *at, struct entry *out);
enum err	object_source(struct cx *cx, struct engine *eng,
		    const struct entry *en, uint64_t off, uint64_t len,
		    struct source *out);
/* The same span as files; *n is 0 when some of it is not in files. */
enum err	object_files(struct cx *cx, struct engine *eng,
		    const struct entry *en, uint64_t off, uint64_t len,
		    struct file_span **out, size_t *n);
enum err	object_delete(struct cx *cx, struct engine *eng,
		    const struct target *at, const struct cond *cond,
		    bool force, bool *marker);	/* see delete_item */
/* Up to 1000 paths of one branch in one transaction. */
enum err	objects_delete(struct cx *cx, struct engine *eng,
		    struct str repo, struct str branch,
		    struct delete_item *items, size_t n, bool force);
enum err	object_copy(struct cx *cx, struct engine *eng,
		    const struct target *src, const struct target *dst,
		    const struct copy_opts *opt, struct entry *out);
/* Replace the user metadata, and no more. */
enum err	object_set_meta(struct cx *cx, struct engine *eng,
		    const struct target *at, struct pair *meta, size_t n,
		    bool force);
/* Replace the tags, and no more: not the time either. */
enum err	object_set_tags(struct cx *cx, struct engine *eng,
		    const struct target *at, struct pair *tags, size_t n);

enum err	object_list(struct cx *cx, struct engine *eng,
		    struct str repo, struct str ref,
		    const struct list_query *q, struct list_page *out);

/*
 * Versions along the first parents of a ref, by path and then newest first;
 * marker ("" none) is the version of q->after that the last page ended with.
 */
enum err	object_versions(struct cx *cx, struct engine *eng,
		    struct str repo, struct str ref,
		    const struct list_query *q, struct str marker,
		    struct version_page *out);

/* ---- commits, diff, merge, reset --------------------------------------- */

struct commit_opts {
	struct str	 message, committer;
	struct pair	*meta;
	size_t		 n_meta;
	int64_t		 date;		/* seconds; 0: now */
	bool		 allow_empty, force;
};

struct log_query {
	struct str	 ref, after, stop_at;
	int64_t		 since;			/* seconds, 0: none */
	struct str	*paths;			/* exact */
	size_t		 n_paths;
	struct str	*prefixes;
	size_t		 n_prefixes;
	bool		 first_parent, limit;
	size_t		 amount;
};

struct commit_page {
	struct commit	*at;
	size_t		 n;
	bool		 more;
};

enum diff_kind { DIFF_TWO_DOT, DIFF_THREE_DOT };

enum change { CHANGE_ADDED, CHANGE_REMOVED, CHANGE_CHANGED, CHANGE_CONFLICT,
	CHANGE_PREFIX };

struct diff_item {
	enum change	type;
	struct str	path;		/* with CHANGE_PREFIX: the group */
	struct entry	en;	/* right side; of removed: the old one */
};

struct diff_page {
	struct diff_item	*at;
	size_t			 n;
	bool			 more;
};

enum strategy { STRATEGY_NONE, STRATEGY_SOURCE, STRATEGY_DEST };

struct merge_opts {
	struct commit_opts	commit;		/* message may be empty */
	enum strategy		strategy;
	bool			squash;
};

enum err	commit_create(struct cx *cx, struct engine *eng,
		    struct str repo, struct str branch,
		    const struct commit_opts *opt, struct commit *out);

enum err	commit_log(struct cx *cx, struct engine *eng, struct str repo,
		    const struct log_query *q, struct commit_page *out);
enum err	merge_base(struct cx *cx, struct engine *eng, struct str repo,
		    struct str left, struct str right, struct commit *l,
		    struct commit *r, struct commit *base, bool *found);

enum err	diff_refs(struct cx *cx, struct engine *eng, struct str repo,
		    struct str left, struct str right, enum diff_kind kind,
		    const struct list_query *q, struct diff_page *out);
enum err	diff_uncommitted(struct cx *cx, struct engine *eng,
		    struct str repo, struct str branch,
		    const struct list_query *q, struct diff_page *out);

/* E_CONFLICT, E_DIRTY, E_NO_CHANGES. */
enum err	branch_merge(struct cx *cx, struct engine *eng,
		    struct str repo, struct str source, struct str branch,
		    const struct merge_opts *opt, struct commit *out);

enum err	branch_reset(struct cx *cx, struct engine *eng,
		    struct str repo, struct str branch, bool force);
enum err	branch_reset_path(struct cx *cx, struct engine *eng,
		    struct str repo, struct str branch, struct str path,
		    bool prefix, bool force);

/* ---- multipart uploads ------------------------------------------------- */

struct complete_item {
	uint32_t	number;
	struct str	etag;		/* without quotes */
	struct pair	sum;		/* as sent, or empty */
};

struct complete_opts {
	struct cond		 cond;
	struct complete_item	*items;
	size_t			 n;
	struct pair		 sum;	/* of the whole object, or empty */
	bool			 has_size;
	uint64_t		 size;
};

struct part {
	uint32_t	number;
	struct entry	en;	/* size, time, ETag, sums, extents */
};

struct part_page {
	struct part	*at;
	size_t		 n;
	bool		 more;
};

struct upload_page {
	struct upload	*at;
	size_t		 n;
	bool		 more;
};

enum err	upload_create(struct cx *cx, struct engine *eng,
		    const struct target *at, struct upload *u);
/* The open upload; E_NO_SUCH_UPLOAD. */
enum err	upload_get(struct cx *cx, struct engine *eng,
		    const struct target *at, const struct uid *id,
		    struct upload *out);
enum err	upload_part(struct cx *cx, struct engine *eng,
		    const struct target *at, const struct uid *id,
		    struct part *part, struct body *b);
/* Bytes off … off+len of the source; len 0: all of it. */
enum err	upload_part_copy(struct cx *cx, struct engine *eng,
		    const struct target *at, const struct uid *id,
		    struct part *part, const struct target *src,
		    const struct cond *cond, uint64_t off, uint64_t len);
enum err	upload_complete(struct cx *cx, struct engine *eng,
		    const struct target *at, const struct uid *id,
		    const struct complete_opts *opt, struct entry *out);
enum err	upload_abort(struct cx *cx, struct engine *eng,
		    const struct target *at, const struct uid *id);
enum err	upload_parts(struct cx *cx, struct engine *eng,
		    const struct target *at, const struct uid *id,
		    uint32_t after, size_t limit, struct upload *u,
		    struct part_page *out);
/* Uploads of one branch, by path then id, after (path, id). */
enum err	upload_list(struct cx *cx, struct engine *eng,
		    struct str repo, struct str branch,
		    const struct list_query *q, struct str after_id,
		    struct upload_page *out);

#endif
