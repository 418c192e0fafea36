/*
 * The store: what operations see.  One store is open per process; any number
 * of threads call it.
 *
 * Values that come back live in cx->mem.  Errors are those of the name of the
 * thing that is missing or refused; besides, every call may give E_STORE,
 * E_BUSY, E_DISK_FULL and E_CORRUPT.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/stream.h"
#include "lake/call.h"

struct cx;
struct engine;
struct store;

/* Over an engine, which stays the caller's. */
struct store	*store_engine_open(struct engine *eng);
void		 store_close(struct store *st);
/* One bounded slice of upkeep that requests left behind; *more: again. */
enum err	 store_tend(struct cx *cx, struct store *st, bool *more);
/* Can it serve, reads and writes?  Changes nothing. */
enum err	 store_ready(struct cx *cx, struct store *st);
uint64_t	 store_body_size(const struct body *b);
const unsigned char *store_body_md5(const struct body *b);	/* 16 bytes */

/* ---- repositories ------------------------------------------------------ */

/* Creates the default branch on a first commit.  E_REPO_EXISTS, E_BAD_NAME. */
enum err	store_repo_create(struct cx *cx, struct store *st,
		    struct repo *r, struct str who);
enum err	store_repo_get(struct cx *cx, struct store *st,
		    struct str name, struct repo *out);
/* Gives a setting (lake/record.h) a value; p NULL takes it away. */
enum err	store_repo_set(struct cx *cx, struct store *st,
		    struct str name, const char *setting, struct str value);
enum err	store_repo_list(struct cx *cx, struct store *st,
		    const struct list_query *q, struct repo_page *out);
enum err	store_repo_delete(struct cx *cx, struct store *st,
		    struct str name, bool force);
/* Only when nobody would miss anything, judged in the tx that deletes: one
 * branch, its first commit, no tag and no object.  E_NOT_EMPTY. */
enum err	store_repo_delete_unused(struct cx *cx, struct store *st,
		    struct str name);

/* ---- refs -------------------------------------------------------------- */

/* Any ref expression to a commit; "$" is refused (E_BAD_REF). */
enum err	store_ref_commit(struct cx *cx, struct store *st,
		    struct str repo, struct str ref, struct commit *out);
enum err	store_branch_create(struct cx *cx, struct store *st,
		    struct str repo, struct str name, struct str source,
		    bool hidden, struct str who, struct oid *head);
enum err	store_branch_get(struct cx *cx, struct store *st,
		    struct str repo, struct str name, struct branch *out);
enum err	store_branch_list(struct cx *cx, struct store *st,
		    struct str repo, const struct list_query *q,
		    bool show_hidden, struct ref_page *out);
enum err	store_branch_delete(struct cx *cx, struct store *st,
		    struct str repo, struct str name, bool force,
		    struct str who);
enum err	store_tag_create(struct cx *cx, struct store *st,
		    struct str repo, struct str name, struct str source,
		    bool force, struct oid *commit);
enum err	store_tag_get(struct cx *cx, struct store *st, struct str repo,
		    struct str name, struct oid *commit);
enum err	store_tag_list(struct cx *cx, struct store *st,
		    struct str repo, const struct list_query *q,
		    struct ref_page *out);
enum err	store_tag_delete(struct cx *cx, struct store *st,
		    struct str repo, struct str name, bool force);

/* ---- objects ----------------------------------------------------------- */

/*
 * Store what a source gives, at most max bytes (E_TOO_LARGE).  Afterwards
 * body_size and body_md5 are known.  feed (may be NULL) sees every window.
 */
enum err	store_body_take(struct cx *cx, struct store *st,
		    const struct source *src, uint64_t max,
		    void (*feed)(void *arg, const void *p, size_t n),
		    void *arg, struct body **out);
/* What the write would be refused for, before the body is read. */
enum err	store_object_check_write(struct cx *cx, struct store *st,
		    const struct at *at, const struct cond *cond, bool force);
/* Names the body; fills size, mtime, extents of en. */
enum err	store_object_put(struct cx *cx, struct store *st,
		    const struct at *at, struct body *b, struct entry *en,
		    const struct cond *cond, bool force);
enum err	store_object_stat(struct cx *cx, struct store *st,
		    const struct at *at, struct entry *out);
/* The entry with its extents, whatever they are kept in. */
enum err	store_object_open(struct cx *cx, struct store *st,
		    const struct at *at, struct entry *out);
enum err	store_object_source(struct cx *cx, struct store *st,
		    const struct entry *en, uint64_t off, uint64_t len,
		    struct source *out);
/* The same span as files; *n is 0 when some of it is not in files. */
enum err	store_object_files(struct cx *cx, struct store *st,
		    const struct entry *en, uint64_t off, uint64_t len,
		    struct file_span **out, size_t *n);
enum err	store_object_delete(struct cx *cx, struct store *st,
		    const struct at *at, const struct cond *cond, bool force,
		    bool *marker);	/* see delete_item */
/* Up to 1000 paths of one branch in one transaction. */
enum err	store_objects_delete(struct cx *cx, struct store *st,
		    struct str repo, struct str branch,
		    struct delete_item *items, size_t n, bool force);
enum err	store_object_copy(struct cx *cx, struct store *st,
		    const struct at *src, const struct at *dst,
		    const struct copy_opts *opt, struct entry *out);
/* Replace the user metadata, and no more. */
enum err	store_object_set_meta(struct cx *cx, struct store *st,
		    const struct at *at, struct pair *meta, size_t n,
		    bool force);
/* Replace the tags, and no more: not the time either. */
enum err	store_object_set_tags(struct cx *cx, struct store *st,
		    const struct at *at, struct pair *tags, size_t n);
enum err	store_object_list(struct cx *cx, struct store *st,
		    struct str repo, struct str ref,
		    const struct list_query *q, struct list_page *out);

/* Versions by path and then newest first, after (q->after, marker). */
enum err	store_object_versions(struct cx *cx, struct store *st,
		    struct str repo, struct str ref,
		    const struct list_query *q, struct str marker,
		    struct version_page *out);

/* ---- commits, diff, merge, reset --------------------------------------- */

enum err	store_commit_create(struct cx *cx, struct store *st,
		    struct str repo, struct str branch,
		    const struct commit_opts *opt, struct commit *out);
enum err	store_commit_log(struct cx *cx, struct store *st,
		    struct str repo, const struct log_query *q,
		    struct commit_page *out);
enum err	store_merge_base(struct cx *cx, struct store *st,
		    struct str repo, struct str left, struct str right,
		    struct commit *l, struct commit *r, struct commit *base,
		    bool *found);
enum err	store_diff_refs(struct cx *cx, struct store *st,
		    struct str repo, struct str left, struct str right,
		    enum diff_kind kind, const struct list_query *q,
		    struct diff_page *out);
enum err	store_diff_uncommitted(struct cx *cx, struct store *st,
		    struct str repo, struct str branch,
		    const struct list_query *q, struct diff_page *out);
/* E_CONFLICT, E_DIRTY, E_NO_CHANGES. */
enum err	store_branch_merge(struct cx *cx, struct store *st,
		    struct str repo, struct str source, struct str branch,
		    const struct merge_opts *opt, struct commit *out);
enum err	store_branch_reset(struct cx *cx, struct store *st,
		    struct str repo, struct str branch, bool force);
enum err	store_branch_reset_path(struct cx *cx, struct store *st,
		    struct str repo, struct str branch, struct str path,
		    bool prefix, bool force);

/* ---- multipart uploads ------------------------------------------------- */

enum err	store_upload_create(struct cx *cx, struct store *st,
		    const struct at *at, struct upload *u);
/* The open upload; E_NO_SUCH_UPLOAD. */
enum err	store_upload_get(struct cx *cx, struct store *st,
		    const struct at *at, const struct uid *id,
		    struct upload *out);
enum err	store_upload_part(struct cx *cx, struct store *st,
		    const struct at *at, const struct uid *id,
		    struct part *part, struct body *b);
/* Bytes off … off+len of the source; len 0: all of it. */
enum err	store_upload_part_copy(struct cx *cx, struct store *st,
		    const struct at *at, const struct uid *id,
		    struct part *part, const struct at *src,
		    const struct cond *cond, uint64_t off, uint64_t len);
enum err	store_upload_complete(struct cx *cx, struct store *st,
		    const struct at *at, const struct uid *id,
		    const struct complete_opts *opt, struct entry *out);
enum err	store_upload_abort(struct cx *cx, struct store *st,
		    const struct at *at, const struct uid *id);
enum err	store_upload_parts(struct cx *cx, struct store *st,
		    const struct at *at, const struct uid *id, uint32_t after,
		    size_t limit, struct upload *u, struct part_page *out);
/* Uploads of one branch, by path then id, after (path, id). */
enum err	store_upload_list(struct cx *cx, struct store *st,
		    struct str repo, struct str branch,
		    const struct list_query *q, struct str after_id,
		    struct upload_page *out);

#endif
