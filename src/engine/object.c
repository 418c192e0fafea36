/* Objects: put, delete, copy, stat, and their bytes. */
#include "engine/engine.h"

#include <assert.h>
#include <string.h>

#include "engine/area.h"
#include "engine/body.h"
#include "engine/branches.h"
#include "engine/disk.h"
#include "engine/fold.h"
#include "engine/records.h"
#include "engine/versions.h"
#include "lake/block_id.h"
#include "lake/keys.h"
#include "tree/claim.h"

/* ---- the shape of every staging write ---------------------------------- */

struct write {			/* what a write's tx works with */
	struct engine		*eng;
	struct str		 repo_name, ref;
	bool			 force;
	struct repo		 r;
	struct branch		 br;
	struct gc_state		 gs;
	bool			 sealed;
	/* put and copy */
	struct str		 path;
	struct cond		 cond;
	struct entry		*en;
	struct body		*body;
	const struct target	*src;
	const struct copy_opts *copy;
	/* delete */
	struct delete_item *items;
	size_t		 n;
	/* metadata */
	struct pair	*meta;		/* user metadata, or tags */
	size_t		 n_meta;
	bool		 is_tags;
};

static enum err
write_open(struct cx *cx, struct kv_tx *tx, struct write *w)
{
	enum err	e;

	w->sealed = false;
	if ((e = branch_open(cx, tx, w->repo_name, w->ref, w->force, &w->r,
	    &w->br)) != OK || (e = area_check_backlog(cx, &w->br)) != OK)
		return e;
	return gc_state_find(cx, tx, &w->gs);
}

static struct view
write_view(const struct write *w)
{
	return (struct view){ .staged = true, .br = w->br,
	    .tree = w->br.working };
}

/* The condition, judged on the whole view in this tx. */
static enum err
write_cond(struct cx *cx, struct kv_tx *tx, const struct write *w,
    struct str path, const struct cond *cond)
{
	struct view	v = write_view(w);
	struct entry	old;
	struct str	bytes;
	enum err	e;
	bool		there;

	if (cond_is_empty(cond))
		return OK;
	if ((e = view_find(cx, w->eng, tx, &v, path, &bytes, &there)) != OK ||
	    (there && (e = entry_parse(cx, bytes, &old)) != OK))
		return e;
	return cond_check(cx, cond, COND_WRITE, there ? &old : NULL);
}

static enum err
write_row(struct cx *cx, struct kv_tx *tx, struct write *w, struct str path,
    const struct entry *en)
{
	struct str	bytes = { NULL, 0 };
	enum err	e;
	bool		sealed;

	if (en != NULL && (e = entry_bytes(cx, en, &bytes)) != OK)
		return e;
	e = area_put(cx, w->eng, tx, &w->br, path, bytes, &sealed);
	w->sealed = w->sealed || sealed;
	return e;
}

static enum err
write_close(struct cx *cx, struct kv_tx *tx, struct write *w)
{
	return w->sealed ? branch_put(cx, tx, &w->r.ruid, &w->br) : OK;
}

/* Run a write; help folding where much waits, and see to what it sealed. */
static enum err
write_run(struct cx *cx, struct write *w, kv_fn *fn)
{
	enum err	e;

	e = kv_write(cx, w->eng->kv, fn, w);
	if (e == OK && w->sealed)
		todo_add(&w->eng->todo, &w->r.ruid, w->br.name, &w->br.uid);
	if (w->br.open - w->br.low >= SEALED_HELP) {
		struct cx	aside = *cx;

		fold_help(&aside, w->eng, w->repo_name, w->ref);
	}
	return e;
}

/* ---- put --------------------------------------------------------------- */

static enum err
check_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct write	*w = arg;
	enum err	 e;

	if ((e = write_open(cx, tx, w)) != OK)
		return e;
	return write_cond(cx, tx, w, w->path, &w->cond);
}

enum err
object_check_write(struct cx *cx, struct engine *eng, const struct target *at,
    const struct cond *cond, bool force)
{
	struct write	w = { .eng = eng, .repo_name = at->repo,
	    .ref = at->ref, .path = at->path, .cond = *cond, .force = force };

	return kv_read(cx, eng->kv, check_fn, &w);
}

static enum err
put_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct write	*w = arg;
	enum err	 e;

	if ((e = write_open(cx, tx, w)) != OK ||
	    (e = write_cond(cx, tx, w, w->path, &w->cond)) != OK ||
	    (e = body_give(cx, tx, &w->gs, w->body, w->en)) != OK ||
	    (e = write_row(cx, tx, w, w->path, w->en)) != OK)
		return e;
	w->en->version = version_staged(&w->r);
	return write_close(cx, tx, w);
}

enum err
object_put(struct cx *cx, struct engine *eng, const struct target *at,
    struct body *b, struct entry *en, const struct cond *cond, bool force)
{
	struct write	w = { .eng = eng, .repo_name = at->repo,
	    .ref = at->ref, .path = at->path, .cond = *cond, .force = force,
	    .en = en, .body = b };
	enum err	e;

	if ((e = body_keep(cx, b)) != OK)
		return e;
	en->mtime = cx->now;
	e = write_run(cx, &w, put_fn);
	if (e == E_CONDEMNED) {
		cx_forget(cx);
		if ((e = body_rename(cx, b)) == OK)
			e = write_run(cx, &w, put_fn);
	}
	/* After E_STORE the entry may exist all the same: its bytes stay. */
	b->named = e == OK || e == E_STORE;
	return e;
}

/* ---- delete ------------------------------------------------------------ */

/*
 * A tombstone where something lies below; otherwise the row of the open area
 * is all there is.  Below are sealed areas too, not only the tree.  (N_TOMB)
 */
static enum err
delete_one(struct cx *cx, struct kv_tx *tx, struct write *w, struct str path,
    bool *marker)
{
	struct view	v = write_view(w), below = v;
	struct str	bytes;
	enum err	e;
	bool		there;

	below.br.open--;
	below.staged = below.br.open >= below.br.low;
	if ((e = view_find(cx, w->eng, tx, &below, path, &bytes,
	    &there)) != OK)
		return e;
	*marker = there && repo_has_versions(&w->r);
	if (!there)
		return kv_delete(cx, tx, key_row(cx, &w->br.uid, w->br.open,
		    path));
	if ((e = view_find(cx, w->eng, tx, &v, path, &bytes, &there)) != OK)
		return e;
	return there ? write_row(cx, tx, w, path, NULL) : OK;
}

static enum err
delete_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct write		*w = arg;
	struct delete_item	*it;
	enum err		 e;

	if ((e = write_open(cx, tx, w)) != OK)
		return e;
	for (it = w->items; it < w->items + w->n; it++) {
		it->result = write_cond(cx, tx, w, it->path, &it->cond);
		if (it->result == OK)
			it->result = delete_one(cx, tx, w, it->path,
			    &it->marker);
		if (it->result == E_PRECONDITION ||
		    it->result == E_NO_SUCH_OBJECT) {
			it->words = str_dup(cx->mem, str_of(cx->words));
			cx_forget(cx);
		} else if (it->result != OK)
			return it->result;
		/* 1000 tombstones may seal areas on the way. */
		if (w->sealed && (e = area_check_backlog(cx, &w->br)) != OK)
			return e;
	}
	return write_close(cx, tx, w);
}

enum err
objects_delete(struct cx *cx, struct engine *eng, struct str repo,
    struct str branch, struct delete_item *items, size_t n, bool force)
{
	struct write	w = { .eng = eng, .repo_name = repo, .ref = branch,
	    .items = items, .n = n, .force = force };

	return write_run(cx, &w, delete_fn);
}

enum err
object_delete(struct cx *cx, struct engine *eng, const struct target *at,
    const struct cond *cond, bool force, bool *marker)
{
	struct delete_item	it = { .path = at->path, .cond = *cond };
	enum err		e;

	if ((e = objects_delete(cx, eng, at->repo, at->ref, &it, 1,
	    force)) != OK)
		return e;
	*marker = it.marker;
	return it.result == OK ? OK :
	    fail(cx, it.result, "%.*s", STRF(it.words));
}

/* ---- copy and metadata ------------------------------------------------- */

static void
replace_meta(struct cx *cx, struct entry *en, const struct copy_opts *opt)
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
	if (by == NULL || by->content_type.p == NULL)
		return;
	en->content_type = by->content_type;
	en->meta = by->meta;
	en->n_meta = by->n_meta;
	en->headers = by->headers;
	en->n_headers = by->n_headers;
}

static enum err
copy_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct write	*w = arg;
	enum err	 e;
	bool		 marker;

	/* The source is read in the tx that names its blocks.  [I9] */
	if ((e = version_get(cx, w->eng, tx, w->src, w->en)) != OK ||
	    (e = cond_check(cx, &w->copy->src_cond, COND_WRITE, w->en)) != OK)
		return e;
	if (!w->copy->move)
		w->en->mtime = cx->now;
	replace_meta(cx, w->en, w->copy);
	if ((e = write_open(cx, tx, w)) != OK ||
	    (e = write_cond(cx, tx, w, w->path, &w->cond)) != OK ||
	    (e = claim_entry(cx, tx, &w->gs, w->en)) != OK ||
	    (e = write_row(cx, tx, w, w->path, w->en)) != OK)
		return e;
	if (w->copy->move && !str_is(w->src->path, w->path) &&
	    ((w->sealed && (e = area_check_backlog(cx, &w->br)) != OK) ||
	    (e = delete_one(cx, tx, w, w->src->path, &marker)) != OK))
		return e;
	return write_close(cx, tx, w);
}

enum err
object_copy(struct cx *cx, struct engine *eng, const struct target *src,
    const struct target *dst, const struct copy_opts *opt, struct entry *out)
{
	struct write	w = { .eng = eng, .repo_name = dst->repo,
	    .ref = dst->ref, .path = dst->path, .cond = opt->dst_cond,
	    .force = opt->force, .en = out, .src = src, .copy = opt };
	enum err	e;

	assert(!opt->move || (str_is(src->repo, dst->repo) &&
	    str_is(src->ref, dst->ref)));
	if ((e = disk_check(cx, eng)) != OK)
		return e;
	return write_run(cx, &w, copy_fn);
}

static enum err
set_meta_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct write	*w = arg;
	struct view	 v;
	enum err	 e;

	if ((e = write_open(cx, tx, w)) != OK)
		return e;
	v = write_view(w);
	if ((e = view_get(cx, w->eng, tx, &v, w->path, w->en)) != OK)
		return e;
	if (w->is_tags) {
		w->en->tags = w->meta;
		w->en->n_tags = w->n_meta;
	} else {
		w->en->meta = w->meta;
		w->en->n_meta = w->n_meta;
	}
	if ((e = claim_entry(cx, tx, &w->gs, w->en)) != OK ||
	    (e = write_row(cx, tx, w, w->path, w->en)) != OK)
		return e;
	return write_close(cx, tx, w);
}

enum err
object_set_meta(struct cx *cx, struct engine *eng, const struct target *at,
    struct pair *meta, size_t n, bool force)
{
	struct entry	en;
	struct write	w = { .eng = eng, .repo_name = at->repo,
	    .ref = at->ref, .path = at->path, .force = force, .en = &en,
	    .meta = meta, .n_meta = n };

	return write_run(cx, &w, set_meta_fn);
}

enum err
object_set_tags(struct cx *cx, struct engine *eng, const struct target *at,
    struct pair *tags, size_t n)
{
	struct entry	en;
	struct write	w = { .eng = eng, .repo_name = at->repo,
	    .ref = at->ref, .path = at->path, .en = &en, .meta = tags,
	    .n_meta = n, .is_tags = true };

	return write_run(cx, &w, set_meta_fn);
}

/* ---- reading ----------------------------------------------------------- */

struct stat_args {
	struct engine		*eng;
	const struct target	*at;
	struct entry		*out;
	bool			 extents;
};

static enum err
stat_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct stat_args	*a = arg;
	struct str		 m;
	enum err		 e;
	bool			 there;

	if ((e = version_get(cx, a->eng, tx, a->at, a->out)) != OK)
		return e;
	if (!a->extents)
		return OK;
	/* A small object is read in the snapshot that found it. */
	if (a->out->n_extents == 1 &&
	    !block_id_is_file(&a->out->extents[0].block))
		return kv_find(cx, tx, key_small(cx,
		    &a->out->extents[0].block), &a->out->bytes, &there);
	if (!a->out->has_manifest)
		return OK;
	if ((e = kv_find(cx, tx, key_manifest(cx, &a->out->manifest), &m,
	    &there)) != OK)
		return e;
	return there ? entry_manifest_parse(cx, m, a->out) :
	    fail(cx, E_CORRUPT, "the manifest of \"%.*s\" is missing",
	    STRF(a->at->path));
}

enum err
object_stat(struct cx *cx, struct engine *eng, const struct target *at,
    struct entry *out)
{
	struct stat_args	a = { eng, at, out, false };

	return kv_read(cx, eng->kv, stat_fn, &a);
}

enum err
object_open(struct cx *cx, struct engine *eng, const struct target *at,
    struct entry *out)
{
	struct stat_args	a = { eng, at, out, true };

	return kv_read(cx, eng->kv, stat_fn, &a);
}

/* A span of an entry's bytes, read extent by extent. */
struct reading {
	struct engine			*eng;
	const struct entry_extent	*ext;
	size_t				 n, at;	/* extents; the one at hand */
	uint64_t			 off;	/* within it */
	uint64_t			 left;	/* of the span */
	struct arena			*mem;	/* of the extent at hand */
	bool				 opened;
	struct str			 bytes;	/* small block */
	struct block_reader		*reader;	/* or file */
};

static void
reading_release(void *thing)
{
	arena_free(((struct reading *)thing)->mem);
}

static enum err
small_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct reading	*r = arg;
	enum err	 e;
	bool		 there;

	if ((e = kv_find(cx, tx, key_small(cx, &r->ext[r->at].block),
	    &r->bytes, &there)) != OK)
		return e;
	return there ? OK : fail(cx, E_CORRUPT,
	    "the bytes of the object are gone");
}

static enum err
reading_open(struct cx *cx, struct reading *r)
{
	const struct uid	*id = &r->ext[r->at].block;
	struct cx		 sub = *cx;
	enum err		 e;

	if (r->mem == NULL) {
		r->mem = arena_new();
		arena_defer(cx->mem, reading_release, r);
	}
	arena_empty(r->mem);
	sub.mem = r->mem;
	if (block_id_is_file(id))
		e = block_open(&sub, r->eng->block, id, &r->reader);
	else
		e = kv_read(&sub, r->eng->kv, small_fn, r);
	r->opened = e == OK;
	return e == OK ? OK : cx_pass(cx, &sub);
}

static enum err
reading_piece(struct cx *cx, struct reading *r, void *p, size_t n,
    size_t *got)
{
	const struct entry_extent	*x = &r->ext[r->at];
	uint64_t			 at = x->off + r->off;
	enum err			 e;

	if (block_id_is_file(&x->block)) {
		if ((e = block_read(cx, r->reader, at, p, n, got)) != OK)
			return e;
	} else {
		*got = at >= r->bytes.n ? 0 :
		    r->bytes.n - at < n ? r->bytes.n - at : n;
		memcpy(p, r->bytes.p + at, *got);
	}
	return *got == n ? OK : fail(cx, E_CORRUPT,
	    "a block is shorter than its object");
}

static enum err
reading_read(struct cx *cx, void *self, void *p, size_t n, size_t *got)
{
	struct reading	*r = self;
	uint64_t	 rest;
	enum err	 e;

	while (r->left > 0 && r->at < r->n &&
	    r->off >= r->ext[r->at].len) {
		r->off -= r->ext[r->at].len;
		r->at++;
		r->opened = false;
	}
	if (r->left == 0)
		return OK;
	if (r->at == r->n)
		return fail(cx, E_CORRUPT, "extents end before the object");
	if (!r->opened && (e = reading_open(cx, r)) != OK)
		return e;
	rest = r->ext[r->at].len - r->off;
	rest = rest < r->left ? rest : r->left;
	n = rest < n ? (size_t)rest : n;
	if ((e = reading_piece(cx, r, p, n, got)) != OK)
		return e;
	r->off += n;
	r->left -= n;
	return OK;
}

enum err
object_source(struct cx *cx, struct engine *eng, const struct entry *en,
    uint64_t off, uint64_t len, struct source *out)
{
	struct reading	*r = arena_get(cx->mem, sizeof *r);

	if (en->bytes.p != NULL && en->bytes.n >= en->extents[0].off + off +
	    len) {
		*out = source_of_str(cx, str_to(str_from(en->bytes,
		    en->extents[0].off + off), len));
		return OK;
	}
	r->eng = eng;
	r->ext = en->extents;
	r->n = en->n_extents;
	r->off = off;
	r->left = len;
	*out = (struct source){ reading_read, r };
	/* Open before the answer: after its first byte no error can be told. */
	while (r->at < r->n && r->off >= r->ext[r->at].len)
		r->off -= r->ext[r->at++].len;
	return len > 0 && r->at < r->n ? reading_open(cx, r) : OK;
}

enum err
object_files(struct cx *cx, struct engine *eng, const struct entry *en,
    uint64_t off, uint64_t len, struct file_span **out, size_t *n)
{
	const struct entry_extent	*x;
	struct file_span		*s;
	uint64_t			 part;

	*n = 0;
	*out = s = arena_get(cx->mem, en->n_extents * sizeof *s);
	for (x = en->extents; x < en->extents + en->n_extents && len > 0; x++) {
		if (off >= x->len) {
			off -= x->len;
			continue;
		}
		part = x->len - off < len ? x->len - off : len;
		s->path = block_id_is_file(&x->block) ?
		    block_path(cx, eng->block, &x->block) : STR("");
		if (s->path.n == 0) {
			*n = 0;
			return OK;
		}
		s->off = x->off + off;
		s->len = part;
		s++;
		++*n;
		off = 0;
		len -= part;
	}
	return OK;
}
