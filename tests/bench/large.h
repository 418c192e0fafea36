/*
 * A lake of many objects, made at once by the engine's own parts, so that its
 * size costs little; and large changes of it.  For one program, which opens cx
 * and eng.
 */
#ifndef TESTS_LARGE_H
#define TESTS_LARGE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limit.h"
#include "engine/area.h"
#include "engine/commit.h"
#include "engine/records.h"

enum { A_TX = 1000 };		/* rows that are staged at once */

static struct cx	 cx;
static struct engine	*eng;
static const struct str	 repo = STR_INIT("repo");
static size_t		 objects;
static struct str	 padding;	/* that each object has */

static void
must(enum err e)
{
	if (e == OK)
		return;
	fprintf(stderr, "%s: %s\n", err_name(e), cx.words);
	exit(1);
}

static struct str
path_of(struct arena *mem, size_t i)
{
	return str_printf(mem, "data/p=%05zu/part-%04zu.parquet", i / 50,
	    i % 50);
}

static struct str
entry_of(struct cx *to, size_t i, unsigned version)
{
	struct entry_extent	x = { .len = 24 };
	struct pair		meta = { STR("m"), padding };
	struct entry		en = { .size = 24, .mtime = 1700000000000,
	    .content_type = STR("binary/octet-stream"), .extents = &x,
	    .n_extents = 1, .meta = &meta, .n_meta = padding.n > 0 };
	struct buf		b;

	memcpy(x.block.b, &i, sizeof i);
	en.etag = str_printf(to->mem, "%032zx", i * 1000 + version);
	buf_init(&b, to->mem, LIMIT_ENTRY);
	entry_format(&b, &en);
	return buf_as_str(&b);
}

struct all {				/* objects, in order */
	struct arena	*mem;
	size_t		 i;
	unsigned	 version;
};

static enum err
all_next(struct cx *to, void *self, struct tree_edit *out, bool *there)
{
	struct all	*a = self;
	struct cx	 in = cx_bare(a->mem);

	(void)to;
	arena_empty(a->mem);
	*there = a->i < objects;
	if (!*there)
		return OK;
	*out = (struct tree_edit){ .key = path_of(a->mem, a->i),
	    .value = entry_of(&in, a->i, a->version) };
	a->i++;
	return OK;
}

struct staging {
	struct str	 branch;
	size_t		 from, step, n;		/* which objects */
	unsigned	 version;
	struct oid	 tree;
	struct repo	 r;
	struct branch	 br;
};

static enum err
set_tree_fn(struct cx *to, struct kv_tx *tx, void *arg)
{
	struct staging	*s = arg;
	enum err	 e;
	bool		 there;

	if ((e = repo_find(to, tx, repo, &s->r)) != OK ||
	    (e = branch_find(to, tx, &s->r.ruid, s->branch, &s->br,
	    &there)) != OK)
		return e;
	s->br.working = s->tree;
	s->br.low = ++s->br.open;
	return branch_put(to, tx, &s->r.ruid, &s->br);
}

static enum err
stage_fn(struct cx *to, struct kv_tx *tx, void *arg)
{
	struct staging		*s = arg;
	struct arena_mark	 back = arena_mark(to->mem);
	enum err		 e;
	bool			 there, sealed;
	size_t			 i, k;

	if ((e = repo_find(to, tx, repo, &s->r)) != OK ||
	    (e = branch_find(to, tx, &s->r.ruid, s->branch, &s->br,
	    &there)) != OK)
		return e;
	back = arena_mark(to->mem);
	for (i = 0; e == OK && i < A_TX && i < s->n; i++) {
		k = s->from + i * s->step;
		e = area_put(to, eng, tx, &s->br, path_of(to->mem, k),
		    entry_of(to, k, s->version), &sealed);
		arena_back(to->mem, back);
	}
	return e == OK ? branch_put(to, tx, &s->r.ruid, &s->br) : e;
}

/* Objects from, from + step … at this version. */
static void
stage(const char *branch, size_t from, size_t step, size_t n,
    unsigned version)
{
	struct arena_mark	back = arena_mark(cx.mem);
	struct staging		s = { .branch = str_of(branch), .from = from,
	    .step = step, .n = n, .version = version };

	for (;;) {
		must(kv_write(&cx, eng->kv, stage_fn, &s));
		if (s.br.open - s.br.low >= SEALED_HELP)
			must(fold_help(&cx, eng, repo, s.branch));
		arena_back(cx.mem, back);
		if (s.n <= A_TX)
			return;
		s.n -= A_TX;
		s.from += A_TX * step;
	}
}

/* ---- steps ------------------------------------------------------------- */

static void
make(const char *branch, unsigned version)
{
	struct all		 a = { .mem = arena_new(), .version = version };
	struct tree_edits	 edits = { all_next, &a };
	struct staging		 s = { .branch = str_of(branch) };
	static const struct oid	 none;

	must(tree_apply(&cx, &eng->trees, &none, &edits, &s.tree));
	must(kv_write(&cx, eng->kv, set_tree_fn, &s));
	arena_free(a.mem);
}

static void
commit(const char *branch)
{
	const struct commit_opts	opt = { .message = STR("m"),
	    .committer = STR("me") };
	struct commit			c;

	must(commit_create(&cx, eng, repo, str_of(branch), &opt, &c));
}

static void
branch(const char *name)
{
	struct branch_opts	from = { .source = STR("main") };
	struct oid		head;

	must(branch_create(&cx, eng, repo, str_of(name), &from, STR("me"),
	    &head));
}

static size_t
diff_pages(struct diff_sides sides, size_t pages)
{
	struct arena_mark	back = arena_mark(cx.mem);
	struct list_query	q = { .limit = 1000 };
	struct diff_page	d = { .more = true };
	char			last[LIMIT_PATH];
	size_t			n = 0;

	for (; pages > 0 && d.more; pages--) {
		must(diff_refs(&cx, eng, repo, &sides, &q, &d));
		n += d.n;
		if (d.n > 0) {
			memcpy(last, d.at[d.n - 1].path.p,
			    d.at[d.n - 1].path.n);
			q.after = (struct str){ last, d.at[d.n - 1].path.n };
		}
		arena_back(cx.mem, back);
	}
	return n;
}

static void
merge(enum strategy strategy, enum err want)
{
	struct merge_opts	m = { .commit = { .committer = STR("me") },
	    .strategy = strategy };
	struct commit		c;
	enum err		e;

	e = branch_merge(&cx, eng, repo, STR("dev"), STR("main"), &m, &c);
	if (e != want)
		must(e);
	cx_forget(&cx);
}

static void
reset(void)
{
	must(branch_reset_path(&cx, eng, repo, STR("main"), STR("data/"), true,
	    false));
}

static void
delete_some(void)
{
	struct object_delete_item	items[1000];
	size_t				i;

	memset(items, 0, sizeof items);
	for (i = 0; i < 1000; i++)
		items[i].path = path_of(cx.mem, objects * i / 1000);
	must(objects_delete(&cx, eng, repo, STR("main"), items, 1000, false));
}


/* A new lake in a folder. */
static void
open_lake(const char *dir, const struct engine_opts *o, bool relaxed,
    struct kv **kv, struct block **block)
{
	struct kv_sqlite_opts	opt = { .create = true, .relaxed = relaxed };
	struct repo		r = { .name = repo,
	    .default_branch = STR("main"), .storage_namespace = STR("x") };

	cx_init(&cx, arena_new());
	*block = block_mem_open();	/* no object's bytes are there */
	must(kv_sqlite_open(&cx, dir, &opt, kv));
	eng = engine_open(*kv, *block, o);
	must(engine_init(&cx, eng));
	must(repo_create(&cx, eng, &r, STR("me")));
}

static void
close_lake(struct kv *kv, struct block *block)
{
	arena_empty(cx.mem);
	engine_close(eng);
	block_close(block);
	kv_close(kv);
	arena_free(cx.mem);
}

#endif
