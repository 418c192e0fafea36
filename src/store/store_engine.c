/* The store over the engine: every call is the engine's of the same name. */
#include "store/store.h"

#include <stdlib.h>

#include "engine/engine.h"

struct store {
	struct engine	*eng;
};

struct store *
store_engine_open(struct engine *eng)
{
	struct store	*st = malloc(sizeof *st);

	if (st == NULL)
		abort();
	st->eng = eng;
	return st;
}

void
store_close(struct store *st)
{
	free(st);
}

enum err
store_tend(struct cx *cx, struct store *st, bool *more)
{
	return engine_tend(cx, st->eng, more);
}

enum err
store_ready(struct cx *cx, struct store *st)
{
	return engine_ready(cx, st->eng);
}

uint64_t
store_body_size(const struct body *b)
{
	return body_size(b);
}

const unsigned char *
store_body_md5(const struct body *b)
{
	return body_md5(b);
}

enum err
store_repo_create(struct cx *cx, struct store *st, struct repo *r,
    struct str who)
{
	return repo_create(cx, st->eng, r, who);
}

enum err
store_repo_get(struct cx *cx, struct store *st, struct str name,
    struct repo *out)
{
	return repo_get(cx, st->eng, name, out);
}

enum err
store_repo_set(struct cx *cx, struct store *st, struct str name,
    const char *setting, struct str value)
{
	return repo_set(cx, st->eng, name, setting, value);
}

enum err
store_repo_list(struct cx *cx, struct store *st, const struct list_query *q,
    struct repo_page *out)
{
	return repo_list(cx, st->eng, q, out);
}

enum err
store_repo_delete(struct cx *cx, struct store *st, struct str name, bool force)
{
	return repo_delete(cx, st->eng, name, force);
}

enum err
store_repo_delete_unused(struct cx *cx, struct store *st, struct str name)
{
	return repo_delete_unused(cx, st->eng, name);
}

enum err
store_ref_commit(struct cx *cx, struct store *st, struct str repo,
    struct str ref, struct commit *out)
{
	return ref_commit(cx, st->eng, repo, ref, out);
}

enum err
store_branch_create(struct cx *cx, struct store *st, struct str repo,
    struct str name, struct str source, bool hidden, struct str who,
    struct oid *head)
{
	return branch_create(cx, st->eng, repo, name, source, hidden, who,
	    head);
}

enum err
store_branch_get(struct cx *cx, struct store *st, struct str repo,
    struct str name, struct branch *out)
{
	return branch_get(cx, st->eng, repo, name, out);
}

enum err
store_branch_list(struct cx *cx, struct store *st, struct str repo,
    const struct list_query *q, bool show_hidden, struct ref_page *out)
{
	return branch_list(cx, st->eng, repo, q, show_hidden, out);
}

enum err
store_branch_delete(struct cx *cx, struct store *st, struct str repo,
    struct str name, bool force, struct str who)
{
	return branch_delete(cx, st->eng, repo, name, force, who);
}

enum err
store_tag_create(struct cx *cx, struct store *st, struct str repo,
    struct str name, struct str source, bool force, struct oid *commit)
{
	return tag_create(cx, st->eng, repo, name, source, force, commit);
}

enum err
store_tag_get(struct cx *cx, struct store *st, struct str repo,
    struct str name, struct oid *commit)
{
	return tag_get(cx, st->eng, repo, name, commit);
}

enum err
store_tag_list(struct cx *cx, struct store *st, struct str repo,
    const struct list_query *q, struct ref_page *out)
{
	return tag_list(cx, st->eng, repo, q, out);
}

enum err
store_tag_delete(struct cx *cx, struct store *st, struct str repo,
    struct str name, bool force)
{
	return tag_delete(cx, st->eng, repo, name, force);
}

enum err
store_body_take(struct cx *cx, struct store *st, const struct source *src,
    uint64_t max, void (*feed)(void *arg, const void *p, size_t n), void *arg,
    struct body **out)
{
	return body_take(cx, st->eng, src, max, feed, arg, out);
}

enum err
store_object_check_write(struct cx *cx, struct store *st, const struct at *at,
    const struct cond *cond, bool force)
{
	return object_check_write(cx, st->eng, at, cond, force);
}

enum err
store_object_put(struct cx *cx, struct store *st, const struct at *at,
    struct body *b, struct entry *en, const struct cond *cond, bool force)
{
	return object_put(cx, st->eng, at, b, en, cond, force);
}

enum err
store_object_stat(struct cx *cx, struct store *st, const struct at *at,
    struct entry *out)
{
	return object_stat(cx, st->eng, at, out);
}

enum err
store_object_open(struct cx *cx, struct store *st, const struct at *at,
    struct entry *out)
{
	return object_open(cx, st->eng, at, out);
}

enum err
store_object_source(struct cx *cx, struct store *st, const struct entry *en,
    uint64_t off, uint64_t len, struct source *out)
{
	return object_source(cx, st->eng, en, off, len, out);
}

enum err
store_object_files(struct cx *cx, struct store *st, const struct entry *en,
    uint64_t off, uint64_t len, struct file_span **out, size_t *n)
{
	return object_files(cx, st->eng, en, off, len, out, n);
}

enum err
store_object_delete(struct cx *cx, struct store *st, const struct at *at,
    const struct cond *cond, bool force, bool *marker)
{
	return object_delete(cx, st->eng, at, cond, force, marker);
}

enum err
store_objects_delete(struct cx *cx, struct store *st, struct str repo,
    struct str branch, struct delete_item *items, size_t n, bool force)
{
	return objects_delete(cx, st->eng, repo, branch, items, n, force);
}

enum err
store_object_copy(struct cx *cx, struct store *st, const struct at *src,
    const struct at *dst, const struct copy_opts *opt, struct entry *out)
{
	return object_copy(cx, st->eng, src, dst, opt, out);
}

enum err
store_object_set_meta(struct cx *cx, struct store *st, const struct at *at,
    struct pair *meta, size_t n, bool force)
{
	return object_set_meta(cx, st->eng, at, meta, n, force);
}

enum err
store_object_set_tags(struct cx *cx, struct store *st, const struct at *at,
    struct pair *tags, size_t n)
{
	return object_set_tags(cx, st->eng, at, tags, n);
}

enum err
store_object_list(struct cx *cx, struct store *st, struct str repo,
    struct str ref, const struct list_query *q, struct list_page *out)
{
	return object_list(cx, st->eng, repo, ref, q, out);
}

enum err
store_object_versions(struct cx *cx, struct store *st, struct str repo,
    struct str ref, const struct list_query *q, struct str marker,
    struct version_page *out)
{
	return object_versions(cx, st->eng, repo, ref, q, marker, out);
}

enum err
store_commit_create(struct cx *cx, struct store *st, struct str repo,
    struct str branch, const struct commit_opts *opt, struct commit *out)
{
	return commit_create(cx, st->eng, repo, branch, opt, out);
}

enum err
store_commit_log(struct cx *cx, struct store *st, struct str repo,
    const struct log_query *q, struct commit_page *out)
{
	return commit_log(cx, st->eng, repo, q, out);
}

enum err
store_merge_base(struct cx *cx, struct store *st, struct str repo,
    struct str left, struct str right, struct commit *l, struct commit *r,
    struct commit *base, bool *found)
{
	return merge_base(cx, st->eng, repo, left, right, l, r, base, found);
}

enum err
store_diff_refs(struct cx *cx, struct store *st, struct str repo,
    struct str left, struct str right, enum diff_kind kind,
    const struct list_query *q, struct diff_page *out)
{
	return diff_refs(cx, st->eng, repo, left, right, kind, q, out);
}

enum err
store_diff_uncommitted(struct cx *cx, struct store *st, struct str repo,
    struct str branch, const struct list_query *q, struct diff_page *out)
{
	return diff_uncommitted(cx, st->eng, repo, branch, q, out);
}

enum err
store_branch_merge(struct cx *cx, struct store *st, struct str repo,
    struct str source, struct str branch, const struct merge_opts *opt,
    struct commit *out)
{
	return branch_merge(cx, st->eng, repo, source, branch, opt, out);
}

enum err
store_branch_reset(struct cx *cx, struct store *st, struct str repo,
    struct str branch, bool force)
{
	return branch_reset(cx, st->eng, repo, branch, force);
}

enum err
store_branch_reset_path(struct cx *cx, struct store *st, struct str repo,
    struct str branch, struct str path, bool prefix, bool force)
{
	return branch_reset_path(cx, st->eng, repo, branch, path, prefix,
	    force);
}

enum err
store_upload_create(struct cx *cx, struct store *st, const struct at *at,
    struct upload *u)
{
	return upload_create(cx, st->eng, at, u);
}

enum err
store_upload_get(struct cx *cx, struct store *st, const struct at *at,
    const struct uid *id, struct upload *out)
{
	return upload_get(cx, st->eng, at, id, out);
}

enum err
store_upload_part(struct cx *cx, struct store *st, const struct at *at,
    const struct uid *id, struct part *part, struct body *b)
{
	return upload_part(cx, st->eng, at, id, part, b);
}

enum err
store_upload_part_copy(struct cx *cx, struct store *st, const struct at *at,
    const struct uid *id, struct part *part, const struct at *src,
    const struct cond *cond, uint64_t off, uint64_t len)
{
	return upload_part_copy(cx, st->eng, at, id, part, src, cond, off,
	    len);
}

enum err
store_upload_complete(struct cx *cx, struct store *st, const struct at *at,
    const struct uid *id, const struct complete_opts *opt, struct entry *out)
{
	return upload_complete(cx, st->eng, at, id, opt, out);
}

enum err
store_upload_abort(struct cx *cx, struct store *st, const struct at *at,
    const struct uid *id)
{
	return upload_abort(cx, st->eng, at, id);
}

enum err
store_upload_parts(struct cx *cx, struct store *st, const struct at *at,
    const struct uid *id, uint32_t after, size_t limit, struct upload *u,
    struct part_page *out)
{
	return upload_parts(cx, st->eng, at, id, after, limit, u, out);
}

enum err
store_upload_list(struct cx *cx, struct store *st, struct str repo,
    struct str branch, const struct list_query *q, struct str after_id,
    struct upload_page *out)
{
	return upload_list(cx, st->eng, repo, branch, q, after_id, out);
}
