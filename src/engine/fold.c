/* Folds: sealed areas into the working tree, durably, whole areas at a time. */
#include "engine/fold.h"

#include "base/fault.h"
#include "base/metric.h"
#include "base/vec.h"
#include "engine/area.h"
#include "engine/merged.h"
#include "engine/records.h"
#include "lake/keys.h"
#include "tree/claim.h"

enum {
	PAGE = 1000, PAGE_BYTES = 1 << 20,	/* of rows, in a snapshot */
	TRIES = 10,
	DROP_COUNTS = 100
};

struct fold {
	struct engine		*eng;
	const struct branch_id	*id;
	struct branch		 br;		/* as the snapshot had it */
	bool			 there;
	uint64_t		 epoch, last;	/* E and s of DESIGN 4 */
	/* rows of areas low … last, a page at a time */
	struct arena		*page_mem;
	VEC(struct tree_edit)	 page;
	size_t			 page_bytes;
	size_t			 at;
	struct str		 from;
	bool			 ended;
	struct oid		 tree;		/* the result */
	bool			 advanced;
};

/*
 * The last area of the slice: whole areas, of no more rows than a slice may
 * have.  A process that is killed for its time does one slice again, not all.
 */
static enum err
fold_slice(struct cx *cx, struct kv_tx *tx, struct fold *f)
{
	uint64_t	area, last = f->last, n = 0, rows;
	enum err	e;

	for (area = f->br.low; area <= last; area++) {
		if ((e = area_rows(cx, tx, &f->br, area, &rows)) != OK)
			return e;
		n += rows;
		if (area > f->br.low && n > f->eng->opt.fold_rows &&
		    !fault_skip("FOLD_SLICE"))
			break;
		f->last = area;
	}
	return OK;
}

static enum err
fold_look_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct fold		*f = arg;
	const struct branch_cut	*cut = &f->br.cut;
	struct gc_state		 gs;
	enum err		 e;

	if ((e = branch_find(cx, tx, &f->id->ruid, f->id->name, &f->br,
	    &f->there)) != OK || (e = gc_state_find(cx, tx, &gs)) != OK)
		return e;
	f->there = f->there && uid_is(&f->br.uid, &f->id->uid);
	f->epoch = gs.epoch;
	f->last = cut->live && !cut->known ? cut->upto : f->br.open - 1;
	if (!f->there || f->last < f->br.low)
		return OK;
	if (f->last - f->br.low > SEALED_MAX)
		return fail(cx, E_CORRUPT, "a branch has too many areas");
	return fold_slice(cx, tx, f);
}

static enum err
fold_page_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct fold			*f = arg;
	const struct merged_range	 in = { f->br.uid,
	    fault_skip("N_ORDER") ? f->last : f->br.low, f->last, NULL };
	struct merged			 m;
	struct tree_edit		*ed;
	struct str			 path, value;
	enum err			 e;
	bool				 there = true;

	f->page.n = f->page_bytes = 0;
	if ((e = merged_open(cx, f->eng, tx, &in, f->from, &m)) != OK)
		return e;
	while (f->page.n < PAGE && (f->page_bytes < PAGE_BYTES ||
	    fault_skip("FOLD_BYTES")) &&
	    (e = merged_next(cx, &m, &path, &value, &there)) == OK && there) {
		ed = VEC_PUSH(cx->mem, &f->page);
		ed->key = str_dup(cx->mem, path);
		ed->gone = value.p == NULL;
		if (ed->gone && fault_skip("FOLD_TOMB"))
			f->page.n--;
		ed->value = str_dup(cx->mem, value);
		f->page_bytes += path.n + value.n;
	}
	merged_close(&m);
	f->ended = !there;
	return e;
}

/* The next page, in memory of its own; the last key outlives its page. */
static enum err
fold_page(struct cx *cx, struct fold *f)
{
	struct arena	*old = f->page_mem;
	struct cx	 page_cx = cx_aside(cx);
	enum err	 e;

	page_cx.mem = f->page_mem = arena_new();
	if (f->page.n > 0)
		f->from = str_after(f->page_mem,
		    f->page.at[f->page.n - 1].key);
	arena_free(old);
	f->page.at = NULL;
	f->page.n = f->page.room = f->at = 0;
	e = kv_read(&page_cx, f->eng->kv, fold_page_fn, f);
	return e == OK ? OK : cx_pass(cx, &page_cx);
}

static enum err
fold_edit(struct cx *cx, void *self, struct tree_edit *out, bool *there)
{
	struct fold	*f = self;
	enum err	 e;

	if (f->at == f->page.n && !f->ended && (e = fold_page(cx, f)) != OK)
		return e;
	*there = f->at < f->page.n;
	if (*there)
		*out = f->page.at[f->at++];
	return OK;
}

static enum err
fold_advance_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct fold	*f = arg;
	struct gc_state	 gs;
	struct branch	 br;
	enum err	 e;
	bool		 there;

	f->advanced = false;
	if ((e = branch_find(cx, tx, &f->id->ruid, f->id->name, &br,
	    &there)) != OK || (e = gc_state_find(cx, tx, &gs)) != OK)
		return e;
	/* (uid, low) is the version of the working tree.  [I4, I5] */
	if (!there || !uid_is(&br.uid, &f->br.uid) ||
	    (br.low != f->br.low && !fault_skip("N_NOCAS")))
		return OK;
	if ((e = claim_check_epoch(cx, &gs, f->epoch)) != OK)
		return e;
	br.working = f->tree;
	br.low = f->last + 1;
	if (br.cut.live && !br.cut.known &&
	    (br.cut.upto == f->last || fault_skip("N_PART"))) {
		br.cut.known = true;
		br.cut.tree = f->tree;
	}
	if ((!fault_skip("N_GREY") &&
	    (e = claim_tree(cx, tx, &gs, &f->tree)) != OK) ||
	    (e = branch_put(cx, tx, &f->id->ruid, &br)) != OK)
		return e;
	f->advanced = true;
	return OK;
}

/* Was it gc or another fold that made the try worthless?  No damage, then. */
static bool
fold_is_overtaken(struct cx *cx, struct fold *f, enum err e)
{
	uint64_t	low = f->br.low;

	if (e != E_CORRUPT)
		return e == E_CONDEMNED;
	/* A node that went while we folded an old state. */
	return kv_read(cx, f->eng->kv, fold_look_fn, f) == OK &&
	    (!f->there || f->br.low != low);
}

/* One try; *again when it was overtaken. */
static enum err
fold_once(struct cx *cx, struct engine *eng, const struct branch_id *id,
    bool *did, bool *again)
{
	struct arena_mark	mark = arena_mark(cx->mem);
	struct fold		f = { .eng = eng, .id = id, .from = STR("") };
	struct tree_edits	edits = { fold_edit, &f };
	enum err		e;

	*did = *again = false;
	if ((e = kv_read(cx, eng->kv, fold_look_fn, &f)) != OK)
		return e;
	if (!f.there || f.last < f.br.low || f.br.open < f.br.low)
		return OK;
	e = tree_apply(cx, &eng->trees, &f.br.working, &edits, &f.tree);
	arena_free(f.page_mem);
	if (e == OK)
		e = kv_write(cx, eng->kv, fold_advance_fn, &f);
	e = claim_overtaken(cx, eng->kv, f.epoch, e);
	if (e == OK && f.advanced) {
		metric_add(METRIC_folds, 1);
		todo_add(&eng->todo, &id->ruid, id->name, &id->uid);
		*did = true;
	} else if (e != OK && fold_is_overtaken(cx, &f, e)) {
		cx_forget(cx);
		*again = true;
		e = OK;
	}
	arena_back(cx->mem, mark);
	return e;
}

enum err
fold_branch(struct cx *cx, struct engine *eng, const struct branch_id *id,
    bool *did)
{
	enum err	e;
	bool		again = true;
	int		i;

	for (i = 0; again && i < TRIES; i++)
		if ((e = fold_once(cx, eng, id, did, &again)) != OK)
			return e;
	return again ? fail(cx, E_BUSY, "branch \"%.*s\" is being changed "
	    "too quickly; try again", STRF(id->name)) : OK;
}

/* ---- all that is sealed ------------------------------------------------ */

struct fold_low {
	const struct branch_id	*id;
	struct branch		 br;
	bool			 there;
};

static enum err
fold_low_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct fold_low	*l = arg;
	enum err	 e;

	if ((e = branch_find(cx, tx, &l->id->ruid, l->id->name, &l->br,
	    &l->there)) == OK)
		l->there = l->there && uid_is(&l->br.uid, &l->id->uid);
	return e;
}

enum err
fold_to(struct cx *cx, struct engine *eng, const struct branch_id *id,
    uint64_t area)
{
	struct arena_mark	mark = arena_mark(cx->mem);
	struct fold_low		l = { .id = id };
	uint64_t		before;
	enum err		e;
	bool			did;

	do {
		arena_back(cx->mem, mark);
		before = l.br.low;
		if ((e = fold_branch(cx, eng, id, &did)) != OK ||
		    (e = kv_read(cx, eng->kv, fold_low_fn, &l)) != OK)
			return e;
		if (!l.there || l.br.low >= area)
			return OK;
	} while (did || l.br.low != before || fault_skip("FOLD_STUCK"));
	return fail(cx, E_CORRUPT, "branch \"%.*s\" is damaged: its staged "
	    "rows cannot be folded; reset the branch", STRF(id->name));
}

/* ---- around folds ------------------------------------------------------ */

struct fold_drop {
	const struct uid	*uid;
	uint64_t		 low;
	size_t			 rows;
	bool			 more;
};

static enum err
fold_drop_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct fold_drop	*d = arg;
	size_t			 n, counts;
	enum err		 e;

	if ((e = kv_clear(cx, tx, key_area(cx, d->uid, 0),
	    key_area(cx, d->uid, d->low + fault_skip("DROP_LOW")), d->rows,
	    &n)) != OK ||
	    (e = kv_clear(cx, tx, key_count(cx, d->uid, 0),
	    key_count(cx, d->uid, d->low), DROP_COUNTS, &counts)) != OK)
		return e;
	d->more = n == d->rows || counts == DROP_COUNTS;
	return OK;
}

enum err
fold_drop(struct cx *cx, struct engine *eng, const struct uid *uid,
    uint64_t low, size_t rows, bool *more)
{
	struct fold_drop	d = { uid, low, rows, false };
	enum err		e;

	e = kv_write(cx, eng->kv, fold_drop_fn, &d);
	*more = d.more;
	return e;
}

struct fold_find {
	struct str	repo, name;
	struct repo	r;
	struct branch	br;
	bool		there;
};

static enum err
fold_find_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct fold_find	*f = arg;
	enum err		 e;

	if ((e = repo_find(cx, tx, f->repo, &f->r)) != OK)
		return e;
	return branch_find(cx, tx, &f->r.ruid, f->name, &f->br, &f->there);
}

enum err
fold_help(struct cx *cx, struct engine *eng, struct str repo,
    struct str branch)
{
	struct fold_find	f = { .repo = repo, .name = branch };
	struct branch_id	id;
	enum err		e;
	bool			did;

	if ((e = kv_read(cx, eng->kv, fold_find_fn, &f)) != OK || !f.there ||
	    f.br.open - f.br.low < SEALED_HELP)
		return e;
	id = (struct branch_id){ f.r.ruid, f.br.uid, branch };
	return fold_branch(cx, eng, &id, &did);
}
