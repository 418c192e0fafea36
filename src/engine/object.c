/* Objects: put, look up, and their metadata. */
#include "engine/engine.h"

#include "engine/body.h"
#include "engine/disk.h"
#include "engine/records.h"
#include "engine/versions.h"
#include "engine/view.h"
#include "engine/write.h"
#include "lake/block_id.h"
#include "lake/keys.h"
#include "tree/claim.h"

/* ---- put --------------------------------------------------------------- */

struct object_put {
	struct write		 w;
	struct str		 path;
	const struct cond	*cond;
	struct body		*body;
	struct entry		*en;	/* out: size, extents, version */
};

static enum err
object_check_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct object_put	*p = arg;
	struct write		*w = &p->w;
	uint64_t		 n;
	enum err		 e;

	/* The nodes that object_put looks at are in the cache then. */
	if ((e = write_open(cx, tx, w)) != OK ||
	    (e = tree_count(cx, &w->eng->trees, tx, &w->br.working,
	    &n)) != OK)
		return e;
	return write_cond(cx, tx, w, p->path, p->cond);
}

enum err
object_check_write(struct cx *cx, struct engine *eng, const struct target *at,
    const struct cond *cond, bool force)
{
	struct object_put	p = { .w = { .eng = eng, .repo = at->repo,
	    .branch = at->ref, .force = force }, .path = at->path,
	    .cond = cond };

	return kv_read(cx, eng->kv, object_check_fn, &p);
}

static enum err
object_put_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct object_put	*p = arg;
	enum err		 e;

	if ((e = write_open(cx, tx, &p->w)) != OK ||
	    (e = write_cond(cx, tx, &p->w, p->path, p->cond)) != OK ||
	    (e = body_claim(cx, tx, &p->w.gs, p->body, p->en)) != OK ||
	    (e = write_row(cx, tx, &p->w, p->path, p->en)) != OK)
		return e;
	p->en->version = version_staged(&p->w.r);
	return write_close(cx, tx, &p->w);
}

enum err
object_put(struct cx *cx, struct engine *eng, const struct target *at,
    struct body *b, struct entry *en, const struct cond *cond, bool force)
{
	struct object_put	p = { .w = { .eng = eng, .repo = at->repo,
	    .branch = at->ref, .force = force }, .path = at->path,
	    .cond = cond, .body = b, .en = en };
	enum err		e;

	/* A condition looks into the tree. */
	if ((!cond_is_empty(cond) &&
	    (e = kv_read(cx, eng->kv, object_check_fn, &p)) != OK) ||
	    (e = body_keep(cx, b)) != OK)
		return e;
	en->mtime = cx->now;
	e = write_run(cx, &p.w, object_put_fn, &p);
	if (e == E_CONDEMNED) {
		cx_forget(cx);
		if ((e = body_rename(cx, b)) == OK)
			e = write_run(cx, &p.w, object_put_fn, &p);
	}
	/* After E_STORE the entry may exist all the same: its bytes stay. */
	b->named = e == OK || e == E_STORE;
	return e;
}

/* ---- metadata ---------------------------------------------------------- */

struct object_set {
	struct write	 w;
	struct str	 path;
	struct pair	*pairs;		/* user metadata, or tags */
	size_t		 n;
	bool		 is_tags;
};

static enum err
object_set_look_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct object_set	*s = arg;
	enum err		 e;

	if ((e = write_look(cx, tx, &s->w)) != OK)
		return e;
	return write_look_path(cx, tx, &s->w, s->path);
}

static enum err
object_set_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct object_set	*s = arg;
	struct entry		 en;
	struct view		 v;
	enum err		 e;

	if ((e = write_open(cx, tx, &s->w)) != OK)
		return e;
	v = view_of_branch(&s->w.br);
	if ((e = view_get(cx, s->w.eng, tx, &v, s->path, &en)) != OK)
		return e;
	if (s->is_tags) {
		en.tags = s->pairs;
		en.n_tags = s->n;
	} else {
		en.meta = s->pairs;
		en.n_meta = s->n;
	}
	if ((e = claim_entry(cx, tx, &s->w.gs, &en)) != OK ||
	    (e = write_row(cx, tx, &s->w, s->path, &en)) != OK)
		return e;
	return write_close(cx, tx, &s->w);
}

static enum err
object_set(struct cx *cx, struct object_set *s)
{
	enum err	e;

	if ((e = disk_check_record(cx, s->w.eng)) != OK ||
	    (e = kv_read(cx, s->w.eng->kv, object_set_look_fn, s)) != OK)
		return e;
	return write_run(cx, &s->w, object_set_fn, s);
}

enum err
object_set_meta(struct cx *cx, struct engine *eng, const struct target *at,
    struct pair *meta, size_t n, bool force)
{
	struct object_set	s = { .w = { .eng = eng, .repo = at->repo,
	    .branch = at->ref, .force = force }, .path = at->path,
	    .pairs = meta, .n = n };

	return object_set(cx, &s);
}

enum err
object_set_tags(struct cx *cx, struct engine *eng, const struct target *at,
    struct pair *tags, size_t n)
{
	struct object_set	s = { .w = { .eng = eng, .repo = at->repo,
	    .branch = at->ref }, .path = at->path, .pairs = tags, .n = n,
	    .is_tags = true };

	return object_set(cx, &s);
}

/* ---- look up ----------------------------------------------------------- */

struct object_stat {
	struct engine		*eng;
	const struct target	*at;
	struct entry		*out;
	bool			 extents;	/* with them, and the bytes of a
					 * small object */
};

static enum err
object_stat_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct object_stat		*s = arg;
	const struct entry_extent	*x;
	enum err			 e;
	bool				 there;

	if ((e = version_get(cx, s->eng, tx, s->at, s->out)) != OK ||
	    !s->extents)
		return e;
	/* A small object is read in the snapshot that found it. */
	x = s->out->extents;
	if (s->out->n_extents == 1 && !block_id_is_file(&x->block))
		return kv_find(cx, tx, key_small(cx, &x->block),
		    &s->out->bytes, &there);
	return entry_find_extents(cx, tx, s->at->path, s->out);
}

enum err
object_stat(struct cx *cx, struct engine *eng, const struct target *at,
    struct entry *out)
{
	struct object_stat	s = { eng, at, out, false };

	return kv_read(cx, eng->kv, object_stat_fn, &s);
}

enum err
object_open(struct cx *cx, struct engine *eng, const struct target *at,
    struct entry *out)
{
	struct object_stat	s = { eng, at, out, true };

	return kv_read(cx, eng->kv, object_stat_fn, &s);
}
