/* Multipart uploads: begin, look up, abort. */
#include "engine/upload.h"

#include "base/buf.h"
#include "base/fault.h"
#include "base/ident.h"
#include "engine/branches.h"
#include "engine/disk.h"
#include "engine/records.h"
#include "lake/keys.h"

enum { CLEARED = 1000 };	/* parts' records, by one transaction */

struct upload_tx
upload_tx(struct engine *eng, const struct target *at, const struct uid *id,
    struct upload *u)
{
	return (struct upload_tx){ .w = { .eng = eng, .repo = at->repo,
	    .branch = at->ref }, .path = at->path, .id = id, .u = u };
}

enum err
upload_missing(struct cx *cx)
{
	return fail(cx, E_NO_SUCH_UPLOAD, "The specified upload does not "
	    "exist. It may have been aborted or completed.");
}

/* A list, and an end that gives space back, ask no branch that may be
 * written. */
static enum err
upload_branch(struct cx *cx, struct kv_tx *tx, struct upload_tx *t)
{
	struct write	*w = &t->w;
	enum err	 e;

	if (!t->any_branch)
		return write_look(cx, tx, w);
	if ((e = repo_find(cx, tx, w->repo, &w->r)) != OK)
		return e;
	return branch_need(cx, tx, &w->r.ruid, w->branch, &w->br);
}

enum err
upload_find(struct cx *cx, struct kv_tx *tx, struct upload_tx *t,
    bool completed)
{
	struct str	v;
	enum err	e;
	bool		there;

	t->w.sealed = false;
	if ((e = upload_branch(cx, tx, t)) != OK ||
	    (e = kv_find(cx, tx, key_upload(cx, &t->w.br.uid, t->path,
	    t->id), &v, &there)) != OK)
		return e;
	if (!there)
		return upload_missing(cx);
	if ((e = upload_parse(cx, v, t->u)) != OK)
		return e;
	return t->u->done && !completed ? upload_missing(cx) : OK;
}

enum err
upload_put(struct cx *cx, struct kv_tx *tx, const struct upload *u)
{
	struct buf	b;

	buf_init(&b, cx->mem, UPLOAD_RECORD_MAX);
	upload_format(&b, u);
	if (!buf_ok(&b))
		return fail(cx, E_METADATA_TOO_LARGE, "the upload's metadata "
		    "is too large");
	return kv_put(cx, tx, key_upload(cx, &u->uid, u->path, &u->id), &b);
}

enum err
upload_clear_parts(struct cx *cx, struct kv_tx *tx, const struct uid *id,
    bool *more)
{
	struct keys_range	parts = key_range(cx, key_parts(cx, id));
	struct str		note = key_reap(cx, 'U', id);
	size_t			n;
	enum err		e;

	if ((e = kv_clear(cx, tx, parts.lo, parts.hi, CLEARED, &n)) != OK)
		return e;
	*more = n == CLEARED;
	return *more && !fault_skip("PARTS_NOTE") ?
	    kv_put_bytes(cx, tx, note, STR("")) : kv_delete(cx, tx, note);
}

struct upload_rest {
	const struct uid	*id;
	bool			 more;
};

static enum err
upload_rest_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct upload_rest	*r = arg;

	return upload_clear_parts(cx, tx, r->id, &r->more);
}

void
upload_clear_rest(struct cx *cx, struct engine *eng, const struct uid *id)
{
	struct upload_rest	r = { .id = id };
	struct cx		aside = cx_aside(cx);

	while (kv_write(&aside, eng->kv, upload_rest_fn, &r) == OK && r.more)
		continue;
}

static enum err
upload_create_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct upload_tx	*t = arg;
	enum err		 e;

	if ((e = upload_branch(cx, tx, t)) != OK)
		return e;
	t->u->uid = t->w.br.uid;
	return upload_put(cx, tx, t->u);
}

enum err
upload_create(struct cx *cx, struct engine *eng, const struct target *at,
    struct upload *u)
{
	struct upload_tx	t = upload_tx(eng, at, &u->id, u);
	enum err		e;

	if ((e = disk_check_record(cx, eng)) != OK)
		return e;
	ident_random(u->id.b, sizeof u->id);
	u->path = at->path;
	u->created = cx->now;
	return kv_write(cx, eng->kv, upload_create_fn, &t);
}

static enum err
upload_get_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	return upload_find(cx, tx, arg, false);
}

enum err
upload_get(struct cx *cx, struct engine *eng, const struct target *at,
    const struct uid *id, struct upload *out)
{
	struct upload_tx	t = upload_tx(eng, at, id, out);

	return kv_read(cx, eng->kv, upload_get_fn, &t);
}

static enum err
upload_abort_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct upload_tx	*t = arg;
	enum err		 e;

	if ((e = upload_find(cx, tx, t, false)) != OK ||
	    (e = kv_delete(cx, tx, key_upload(cx, &t->u->uid, t->u->path,
	    t->id))) != OK)
		return e;
	return upload_clear_parts(cx, tx, t->id, &t->parts_left);
}

enum err
upload_abort(struct cx *cx, struct engine *eng, const struct target *at,
    const struct uid *id)
{
	struct upload		u;
	struct upload_tx	t = upload_tx(eng, at, id, &u);
	enum err		e;

	t.any_branch = true;
	if ((e = kv_write(cx, eng->kv, upload_abort_fn, &t)) == OK &&
	    t.parts_left)
		upload_clear_rest(cx, eng, id);
	return e;
}
