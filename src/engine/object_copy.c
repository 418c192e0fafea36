/* Copies and renames of objects. */
#include "engine/engine.h"

#include <assert.h>

#include "base/fault.h"
#include "engine/area.h"
#include "engine/disk.h"
#include "engine/versions.h"
#include "engine/write.h"
#include "tree/claim.h"

struct object_copy {
	struct write		 w;	/* to the destination */
	const struct target	*src, *dst;
	const struct object_copy_opts *opt;
	struct entry		*en;	/* out: the copy */
};

/* One header is never the source's. */
static void
object_copy_fresh(struct cx *cx, struct entry *en, const struct entry *by,
    struct str name)
{
	const struct pair	*new = pair_find(by->headers, by->n_headers,
	    name);
	struct pair		*all;
	size_t			 i, n = 0;

	all = arena_get(cx->mem, (en->n_headers + 1) * sizeof *all);
	for (i = 0; i < en->n_headers; i++)
		if (!str_is(en->headers[i].name, name))
			all[n++] = en->headers[i];
	if (new != NULL)
		all[n++] = *new;
	en->headers = all;
	en->n_headers = n;
}

static void
object_copy_replace(struct cx *cx, struct entry *en,
    const struct object_copy_opts *opt)
{
	const struct entry	*by = opt->replace;

	if (opt->sum.name.n > 0) {
		en->sums = arena_get(cx->mem, sizeof *en->sums);
		en->sums[0] = opt->sum;
		en->n_sums = 1;
		en->sums_composite = false;
	}
	if (opt->replace_tags) {
		en->tags = by->tags;
		en->n_tags = by->n_tags;
	}
	if (by != NULL && opt->fresh.n > 0)
		object_copy_fresh(cx, en, by, opt->fresh);
	if (by == NULL || by->content_type.p == NULL)
		return;
	en->content_type = by->content_type;
	en->meta = by->meta;
	en->n_meta = by->n_meta;
	en->headers = by->headers;
	en->n_headers = by->n_headers;
}

/* The nodes are read before the writer lock is held; what is refused here is
 * what the transaction would refuse. */
static enum err
object_copy_look_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct object_copy	*c = arg;
	enum err		 e;

	if ((e = version_get(cx, c->w.eng, tx, c->src, c->en)) != OK ||
	    (e = cond_check(cx, &c->opt->src_cond, COND_WRITE, c->en)) != OK ||
	    (e = write_look(cx, tx, &c->w)) != OK ||
	    (e = write_look_path(cx, tx, &c->w, c->dst->path)) != OK ||
	    !c->opt->move)
		return e;
	return write_look_path(cx, tx, &c->w, c->src->path);
}

static enum err
object_copy_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct object_copy	*c = arg;
	enum err		 e;
	bool			 marker;

	/* The source is read in the tx that names its blocks.  [I9]
	 * (N_REREAD) */
	if ((!fault_skip("N_REREAD") &&
	    (e = version_get(cx, c->w.eng, tx, c->src, c->en)) != OK) ||
	    (e = cond_check(cx, &c->opt->src_cond, COND_WRITE, c->en)) != OK)
		return e;
	if (!c->opt->move)
		c->en->mtime = cx->now;
	object_copy_replace(cx, c->en, c->opt);
	if ((e = write_open(cx, tx, &c->w)) != OK ||
	    (e = write_cond(cx, tx, &c->w, c->dst->path,
	    &c->opt->dst_cond)) != OK ||
	    (!fault_skip("COPY_NOTE") &&
	    (e = claim_entry(cx, tx, &c->w.gs, c->en)) != OK) ||
	    (e = write_row(cx, tx, &c->w, c->dst->path, c->en)) != OK)
		return e;
	if (c->opt->move && !str_is(c->src->path, c->dst->path) &&
	    ((c->w.sealed && (e = area_check_backlog(cx, &c->w.br)) != OK) ||
	    (e = write_delete(cx, tx, &c->w, c->src->path, &marker)) != OK))
		return e;
	return write_close(cx, tx, &c->w);
}

enum err
object_copy(struct cx *cx, struct engine *eng, const struct target *src,
    const struct target *dst, const struct object_copy_opts *opt,
    struct entry *out)
{
	struct object_copy	c = { .w = { .eng = eng, .repo = dst->repo,
	    .branch = dst->ref, .force = opt->force }, .src = src,
	    .dst = dst, .opt = opt, .en = out };
	enum err		e;

	assert(!opt->move || (str_is(src->repo, dst->repo) &&
	    str_is(src->ref, dst->ref)));
	if ((e = disk_check(cx, eng)) != OK ||
	    (e = kv_read(cx, eng->kv, object_copy_look_fn, &c)) != OK)
		return e;
	return write_run(cx, &c.w, object_copy_fn, &c);
}
