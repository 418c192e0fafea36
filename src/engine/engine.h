/*
 * The versioning engine: what operations of s3 and api, and the commands, may
 * ask, and the plain values that they pass and get.  DESIGN states its
 * invariants and protocols.
 *
 * One engine is open per process; any number of threads call it.  Strings that
 * are passed stay the caller's; values that come back live in cx->mem.  Times
 * are cx->now.  A change is durable when its call returns OK; with any error
 * but E_STORE nothing has changed, and E_STORE says that it is not known.
 *
 * Which errors a call gives: those that its comment names, and besides
 *
 *	every call	E_STORE, E_BUSY (try again), E_CORRUPT, E_FORMAT (the
 *			lake is of another program by now)
 *	with a repo	E_NO_SUCH_REPO, E_BAD_NAME for what cannot be one
 *	with a ref	E_NO_SUCH_REF, E_BAD_REF for what is no expression
 *	with a branch	E_NO_SUCH_BRANCH, E_READ_ONLY_REF where the name is a
 *			tag's or a commit's
 *	a change	E_READ_ONLY_REPO, unless it is forced
 *	a staging write	E_PROTECTED, forced or not: the branch is changed by
 *			merging alone
 *	that brings
 *	bytes, or makes
 *	a new record	E_NO_ROOM, E_DISK_FULL, E_CONDEMNED (send it again)
 *
 * A staging write is one that changes what a branch shows and has not
 * committed.  `force` passes a repository that is read-only, and no more but
 * where it is said.  `who` is for the head log.
 *
 * Lists come in pages: q->limit records, or fewer when they are large; `more`
 * says that there are others, which come after the last of this page
 * (q->after, exclusive).  They give E_BUSY where there is no memory for one.
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
struct kv_tx;

struct engine_opts {
	size_t		 inline_max;	/* bytes; larger objects are files */
	size_t		 cache_bytes;	/* of tree nodes, per process */
	size_t		 area_rows;	/* least rows that fill an area */
	size_t		 area_tombs;	/* tombstones that fill one */
	size_t		 fold_rows;	/* of several areas, in a slice */
	size_t		 part_least;	/* bytes of parts but the last */
	/* Below so many free bytes in dir or spool only deletes, resets,
	 * commits and gc write, so that a full disk can be cleaned up.  dir
	 * NULL: not looked at. */
	const char	*dir;
	uint64_t	 reserve;
	/* The web server's spool; NULL: none, or none of ours to look at. */
	const char	*spool;
};

/* The sizes of a server; dir and spool NULL, no reserve. */
void		engine_defaults(struct engine_opts *o);
/* Both drivers stay the caller's, and outlive it; so do strings of o. */
struct engine	*engine_open(struct kv *kv, struct block *block,
		    const struct engine_opts *o);
/* When no thread calls it any more; NULL is harmless. */
void		engine_close(struct engine *eng);
/* First record of a new lake. */
enum err	engine_init(struct cx *cx, struct engine *eng);
/*
 * Writes the records that a lake of format 1 lacks: a kv_fn for the transaction
 * that raises the format (kv_sqlite_upgrade).  arg is a uint64_t, set to how
 * many repositories there are.
 */
enum err	upgrade_records(struct cx *cx, struct kv_tx *tx, void *arg);
/*
 * One bounded slice of maintenance that requests left behind: folding, and
 * dropping folded rows.  *more: call again.
 */
enum err	engine_maintain(struct cx *cx, struct engine *eng, bool *more);
/* Can it serve?  The store is read, and a write would find room: E_NO_ROOM,
 * E_STORE.  Changes nothing, and waits for no writer. */
enum err	engine_ready(struct cx *cx, struct engine *eng);

/* ---- repositories ------------------------------------------------------ */

struct repo_page {
	struct repo	*at;
	size_t		 n;
	bool		 more;
};

/*
 * Creates *r, and its default branch on a first commit; fills r->ruid and
 * r->created.  E_REPO_EXISTS; E_BAD_NAME of either name; E_BAD_ARGUMENT when
 * another has its storage namespace; E_TOO_LARGE when its metadata is.
 */
enum err	repo_create(struct cx *cx, struct engine *eng,
		    struct repo *r, struct str who);
/* Its record. */
enum err	repo_get(struct cx *cx, struct engine *eng, struct str name,
		    struct repo *out);
/*
 * Gives a setting (SETTING_x) a value; p NULL takes it away.  E_TOO_LARGE:
 * metadata and settings have 1 MiB in all.
 */
enum err	repo_set(struct cx *cx, struct engine *eng, struct str name,
		    const char *setting, struct str value);
/* A page by name; of q the delimiter is not looked at. */
enum err	repo_list(struct cx *cx, struct engine *eng,
		    const struct list_query *q, struct repo_page *out);
/*
 * It is gone at once with all that it has; gc takes what that leaves in the
 * store.
 */
enum err	repo_delete(struct cx *cx, struct engine *eng,
		    struct str name, bool force);
/* The same only when nobody would miss anything, judged in the tx that
 * deletes: one branch, its first commit, no tag and no object.  E_NOT_EMPTY. */
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

struct branch_opts {
	struct str	source;		/* the ref that it begins at */
	bool		hidden;		/* lists leave it out, but for those
					 * that ask for such; nothing else */
};

/* Any ref expression to a commit; "$" is refused (E_BAD_REF). */
enum err	ref_commit(struct cx *cx, struct engine *eng,
		    struct str repo, struct str ref, struct commit *out);
/*
 * A new branch; *head is the commit that it begins at.  E_BAD_NAME of its
 * name; E_NAME_TAKEN by a branch, a tag or a commit.
 */
enum err	branch_create(struct cx *cx, struct engine *eng,
		    struct str repo, struct str name,
		    const struct branch_opts *opt, struct str who,
		    struct oid *head);
/* Its record.  A name that another ref has is E_NO_SUCH_BRANCH, too. */
enum err	branch_get(struct cx *cx, struct engine *eng,
		    struct str repo, struct str name, struct branch *out);
/* A page by name, without those that are hidden unless show_hidden. */
enum err	branch_list(struct cx *cx, struct engine *eng,
		    struct str repo, const struct list_query *q,
		    bool show_hidden, struct ref_page *out);
/* What was staged there is gone with it.  E_DEFAULT_BRANCH. */
enum err	branch_delete(struct cx *cx, struct engine *eng,
		    struct str repo, struct str name, bool force,
		    struct str who);
/*
 * A new tag of the commit that the ref `source` names, which *commit is then.
 * E_BAD_NAME of its name; E_NAME_TAKEN as for a branch, forced or not.
 */
enum err	tag_create(struct cx *cx, struct engine *eng, struct str repo,
		    struct str name, struct str source, bool force,
		    struct oid *commit);
/* Its commit.  E_NO_SUCH_TAG. */
enum err	tag_get(struct cx *cx, struct engine *eng, struct str repo,
		    struct str name, struct oid *commit);
/* A page by name. */
enum err	tag_list(struct cx *cx, struct engine *eng, struct str repo,
		    const struct list_query *q, struct ref_page *out);
/* The commit stays as long as another ref reaches it.  E_NO_SUCH_TAG. */
enum err	tag_delete(struct cx *cx, struct engine *eng, struct str repo,
		    struct str name, bool force);

/* ---- objects ----------------------------------------------------------- */

struct body;			/* bytes that are stored but have no name yet */

struct object_delete_item {
	struct str	path;
	struct cond	cond;
	/* out */
	enum err	result;		/* OK also where it was not there */
	struct str	words;		/* unless it is OK */
	bool		marker;	/* where versions are shown: the deletion is
				 * one, staged */
};

struct object_copy_opts {
	struct cond		 src_cond, dst_cond;
	const struct entry	*replace; /* type, metadata, headers; or NULL */
	bool			 replace_tags;	/* tags of replace, too */
	struct pair		 sum;	/* for those of the source; or "" */
	struct str		 fresh;	/* of the headers, the one that is
					 * replace's in any case; or "" */
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
 * Store what a source gives, at most max bytes (E_TOO_LARGE, E_NO_ROOM,
 * E_DISK_FULL, and what the source gives).  Afterwards body_size and body_md5
 * are known.  feed (may be NULL) sees every window.  What gets no name by
 * object_put or upload_part goes with cx->mem.
 */
enum err	body_take(struct cx *cx, struct engine *eng,
		    const struct source *src, uint64_t max,
		    void (*feed)(void *arg, const void *p, size_t n),
		    void *arg, struct body **out);
/* In bytes. */
uint64_t	body_size(const struct body *b);
/* Its 16 bytes are the body's. */
const unsigned char *body_md5(const struct body *b);
/* The MD5 in hex: the ETag of an object or a part that is this body. */
struct str	body_etag(struct cx *cx, const struct body *b);

/* What the write would be refused for, before the body is read.  What it looks
 * at in trees is then in the cache. */
enum err	object_check_write(struct cx *cx, struct engine *eng,
		    const struct target *at, const struct cond *cond,
		    bool force);
/*
 * A staging write that names the body; fills size, mtime, extents and version
 * of en, the rest of which the caller has filled.  As cond_check for a write;
 * E_METADATA_TOO_LARGE.
 */
enum err	object_put(struct cx *cx, struct engine *eng,
		    const struct target *at, struct body *b, struct entry *en,
		    const struct cond *cond, bool force);
/*
 * The entry that a ref shows at a path, or that of a version, without its
 * extents.  E_NO_SUCH_OBJECT; of a version also E_NO_SUCH_VERSION, and
 * E_DELETE_MARKER when the version took the object away.
 */
enum err	object_stat(struct cx *cx, struct engine *eng,
		    const struct target *at, struct entry *out);
/* The same with its extents, whatever they are kept in. */
enum err	object_open(struct cx *cx, struct engine *eng,
		    const struct target *at, struct entry *out);
/*
 * Bytes off … off + len, which lie within the entry that object_open gave, as
 * a source that lives in cx->mem.  Its first piece is looked for here, so that
 * what is not there is an error and not a short answer.
 */
enum err	object_source(struct cx *cx, struct engine *eng,
		    const struct entry *en, uint64_t off, uint64_t len,
		    struct source *out);
/* The same span as files; *n is 0 when some of it is not in files. */
enum err	object_files(struct cx *cx, struct engine *eng,
		    const struct entry *en, uint64_t off, uint64_t len,
		    struct file_span **out, size_t *n);
/*
 * A staging write: afterwards it is not there, as it may be before.  As
 * cond_check for a write.  *marker: see object_delete_item.
 */
enum err	object_delete(struct cx *cx, struct engine *eng,
		    const struct target *at, const struct cond *cond,
		    bool force, bool *marker);
/*
 * Paths of one branch, in turn, in transactions of 256, each with a result of
 * its own.  An error that is not a condition's is the call's, too: then it is
 * the result of its transaction's paths and of those behind, which are as they
 * were, and those before are deleted.
 */
enum err	objects_delete(struct cx *cx, struct engine *eng,
		    struct str repo, struct str branch,
		    struct object_delete_item *items, size_t n, bool force);
/*
 * A staging write at dst of what src shows, without moving bytes.  *out is the
 * copy's entry.  For the source as object_stat; E_METADATA_TOO_LARGE,
 * E_NO_ROOM, E_DISK_FULL; as cond_check for a write, of either condition.
 */
enum err	object_copy(struct cx *cx, struct engine *eng,
		    const struct target *src, const struct target *dst,
		    const struct object_copy_opts *opt, struct entry *out);
/* Replace the user metadata, and no more.  E_NO_SUCH_OBJECT,
 * E_METADATA_TOO_LARGE. */
enum err	object_set_meta(struct cx *cx, struct engine *eng,
		    const struct target *at, struct pair *meta, size_t n,
		    bool force);
/* Replace the tags, and no more: not the time either.  The same errors. */
enum err	object_set_tags(struct cx *cx, struct engine *eng,
		    const struct target *at, struct pair *tags, size_t n);
/*
 * A page of what a ref shows, by path; paths that have q->delimiter behind
 * q->prefix are one group each.
 */
enum err	object_list(struct cx *cx, struct engine *eng,
		    struct str repo, struct str ref,
		    const struct list_query *q, struct list_page *out);
/*
 * Versions along the first parents of a ref, by path and then newest first;
 * marker ("" none) is the version of q->after that the last page ended with.
 * E_TOO_LARGE after a million commits.
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
	bool		 has_date;	/* else it is now */
	int64_t		 date;		/* ms, to the year 9999 */
	bool		 allow_empty;	/* also where nothing has changed */
	bool		 force;
};

struct commit_log_query {
	struct str	 ref;			/* where it begins */
	struct str	 after;		/* `next` of a page; or "" */
	struct str	 stop_at;		/* a ref, inclusive; or "" */
	int64_t		 since;			/* ms since 1970; 0: none */
	struct str	*paths;			/* exact */
	size_t		 n_paths;
	struct str	*prefixes;
	size_t		 n_prefixes;
	bool		 first_parent;		/* of merges */
	bool		 limit;		/* no look for more than amount */
	size_t		 amount;		/* of a page */
};

struct commit_page {
	struct commit	*at;
	size_t		 n;
	bool		 more;
	struct str	 next;		/* `after` of the next page */
};

struct merge_base {
	struct commit	left, right;
	struct commit	base;		/* without found: the zero commit */
	bool		found;
};

enum diff_kind {
	DIFF_TWO_DOT,		/* left to right */
	DIFF_THREE_DOT		/* what a merge of right into left would do */
};

struct diff_sides {
	struct str	left, right;	/* refs; two dots: also "branch$" */
	enum diff_kind	kind;
};

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
	enum strategy		strategy;	/* of paths in conflict */
	bool			squash;		/* one parent: the branch */
};

/*
 * Commits what the branch shows when this begins.  Waits for another commit
 * under way.  E_NO_CHANGES; E_PROTECTED; E_TOO_LARGE, the text of a commit has
 * LIMIT_COMMIT bytes; E_NOT_IMPLEMENTED of an action file that is new or has
 * changed; E_TIP_MOVED when the branch was reset again and again.
 */
enum err	commit_create(struct cx *cx, struct engine *eng,
		    struct str repo, struct str branch,
		    const struct commit_opts *opt, struct commit *out);
/*
 * A page of commits that the ref reaches, newest first and a parent behind all
 * of its children, without those that touch none of the paths and prefixes,
 * where there are any.  The next page is asked for with `next`, which goes on
 * where this page ended, wherever the ref is by then; `after` may also be a
 * ref, exclusive, which costs a walk from there to it.  A page may end early,
 * even with none, when it has looked at many in vain: `more` says so.
 * E_BAD_REQUEST: `after` begins as `next` does, and is none, or names a commit
 * that is not there any more.  E_TOO_LARGE after a million commits, or with
 * 100 000 lines of history beside each other.
 */
enum err	commit_log(struct cx *cx, struct engine *eng, struct str repo,
		    const struct commit_log_query *q, struct commit_page *out);
/*
 * What two refs name, and their best common ancestor; unrelated histories have
 * none.  E_TOO_LARGE as commit_log.
 */
enum err	merge_base(struct cx *cx, struct engine *eng, struct str repo,
		    struct str left, struct str right,
		    struct merge_base *out);

/* A page of what differs between two refs, by path and in groups, as
 * object_list has them.  With three dots as merge_base. */
enum err	diff_refs(struct cx *cx, struct engine *eng, struct str repo,
		    const struct diff_sides *sides,
		    const struct list_query *q, struct diff_page *out);
/* A page of what a branch shows and its head does not have. */
enum err	diff_uncommitted(struct cx *cx, struct engine *eng,
		    struct str repo, struct str branch,
		    const struct list_query *q, struct diff_page *out);

/*
 * A commit on the branch of what the ref `source` has changed since their
 * merge base.  E_DIRTY: the branch has uncommitted changes, and is not merged
 * into; E_CONFLICT: a path changed on both sides, and there is no strategy;
 * E_NO_CHANGES of the source, unless allow_empty or force; E_TOO_LARGE and
 * E_NOT_IMPLEMENTED as commit_create; E_TIP_MOVED.  A protected branch is
 * changed so.
 */
enum err	branch_merge(struct cx *cx, struct engine *eng,
		    struct str repo, struct str source, struct str branch,
		    const struct merge_opts *opt, struct commit *out);

/* Drops all that is staged: the branch shows its head.  E_PROTECTED. */
enum err	branch_reset(struct cx *cx, struct engine *eng,
		    struct str repo, struct str branch, bool force);
/*
 * The same for one path, or for all that begin with it; those in transactions
 * of 256 paths, and what an error leaves is reset so far.
 */
enum err	branch_reset_path(struct cx *cx, struct engine *eng,
		    struct str repo, struct str branch, struct str path,
		    bool prefix, bool force);

/* ---- multipart uploads ------------------------------------------------- */

struct upload_copy {		/* bytes off … off + len of an object */
	const struct target	*src;
	const struct cond	*cond;		/* on it */
	uint64_t		 off, len;	/* len 0: all from off on */
};

struct upload_complete_item {
	uint32_t	number;
	struct str	etag;		/* without quotes */
	struct pair	sum;		/* as sent, or empty */
};

struct upload_complete_opts {
	struct cond	 cond;
	struct upload_complete_item *items;
	size_t		 n;
	struct pair	 sum;		/* of the whole object, or empty */
	bool		 has_size;
	uint64_t	 size;		/* bytes that the parts must have */
};

struct upload_part {
	uint32_t	number;
	struct entry	en;	/* size, time, ETag, sums, extents */
};

struct upload_part_page {
	struct upload_part	*at;
	size_t			 n;
	bool			 more;
};

struct upload_page {
	struct upload	*at;
	size_t		 n;
	bool		 more;
};

/*
 * Begins one at a path of a branch; fills u's id, uid, path and time, the rest
 * of which (meta, sum_kind, sum_composite) the caller has filled.  Refused as
 * a staging write; E_METADATA_TOO_LARGE.
 */
enum err	upload_create(struct cx *cx, struct engine *eng,
		    const struct target *at, struct upload *u);
/* The open upload; E_NO_SUCH_UPLOAD.  This and what follows is refused as a
 * staging write, too. */
enum err	upload_get(struct cx *cx, struct engine *eng,
		    const struct target *at, const struct uid *id,
		    struct upload *out);
/*
 * Names the body as a part, for the one that has its number already; fills
 * size, extents and time of part->en.  E_NO_SUCH_UPLOAD, E_TOO_LARGE.
 */
enum err	upload_part(struct cx *cx, struct engine *eng,
		    const struct target *at, const struct uid *id,
		    struct upload_part *part, struct body *b);
/*
 * A part from bytes of an object; fills part->en, its ETag too.  E_BAD_RANGE,
 * E_NO_SUCH_UPLOAD; for the source as object_stat and cond_check for a write,
 * E_PRECONDITION also when it changes meanwhile.
 */
enum err	upload_part_copy(struct cx *cx, struct engine *eng,
		    const struct target *at, const struct uid *id,
		    struct upload_part *part, const struct upload_copy *from);
/*
 * A staging write of the object that the listed parts make; *out is its entry.
 * The same list again, for a day, has the same answer.  E_NO_SUCH_UPLOAD;
 * E_BAD_XML without a part or with over 10 000; E_PART_ORDER, E_INVALID_PART,
 * E_PART_TOO_SMALL; E_BAD_REQUEST, the size; E_BAD_DIGEST; E_TOO_LARGE; as
 * cond_check for a write; E_METADATA_TOO_LARGE.
 */
enum err	upload_complete(struct cx *cx, struct engine *eng,
		    const struct target *at, const struct uid *id,
		    const struct upload_complete_opts *opt, struct entry *out);
/*
 * It is gone, with its parts; of a branch that may not be written, too, for
 * this gives space back.  E_NO_SUCH_UPLOAD.
 */
enum err	upload_abort(struct cx *cx, struct engine *eng,
		    const struct target *at, const struct uid *id);
/*
 * The upload, and its parts with numbers over `after`, at most `limit` of them,
 * of any branch.  E_NO_SUCH_UPLOAD.
 */
enum err	upload_list_parts(struct cx *cx, struct engine *eng,
		    const struct target *at, const struct uid *id,
		    uint32_t after, size_t limit, struct upload *u,
		    struct upload_part_page *out);
/* Open uploads of one branch, by path then id, after (path, id). */
enum err	upload_list(struct cx *cx, struct engine *eng,
		    struct str repo, struct str branch,
		    const struct list_query *q, struct str after_id,
		    struct upload_page *out);

#endif
