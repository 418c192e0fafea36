/*
 * Version control on many objects, the engine alone on SQLite, durable:
 * staging, committing, then 100 scattered changes committed, diffed, merged;
 * a page of a listing; fsck; the listing under staged deletes.  With "backlog"
 * nothing is folded before the commit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cx.h"
#include "base/when.h"
#include "block/block.h"
#include "engine/engine.h"
#include "kv/kv.h"
#include "upkeep/upkeep.h"

/* What this process has used, in us. */
static int64_t
cpu_us(void)
{
	return (int64_t)clock() * 1000000 / CLOCKS_PER_SEC;
}

static struct cx	 cx;
static struct engine	*eng;

static void
must(enum err e)
{
	if (e == OK)
		return;
	fprintf(stderr, "%s: %s\n", err_name(e), cx.words);
	exit(1);
}

static void
put(const char *branch, size_t i, unsigned version)
{
	const struct cond	none = { .mtime = 0 };
	struct target		at = { .repo = STR("repo"),
	    .ref = str_of(branch), .path = str_printf(cx.mem,
	    "data/p=%05zu/part-%04zu.parquet", i / 50, i % 50) };
	struct entry		en = { .content_type = STR("binary") };
	struct source		src;
	struct body		*body;

	en.etag = str_printf(cx.mem, "%032zx", i * 1000 + version);
	src = source_of_str(&cx, STR("some bytes of an object"));
	must(body_take(&cx, eng, &src, 100, NULL, NULL, &body));
	must(object_put(&cx, eng, &at, body, &en, &none, false));
}

static void
tend(void)
{
	bool	more = true;

	while (more)
		must(engine_maintain(&cx, eng, &more));
}

static void
commit(const char *branch)
{
	const struct commit_opts	opt = { .message = STR("m"),
	    .committer = STR("me") };
	struct commit			c;

	must(commit_create(&cx, eng, STR("repo"), str_of(branch), &opt, &c));
}

static double
ms_since(int64_t begin)
{
	return (double)(when_monotonic() - begin) / 1000;
}

static void
changes(size_t n)
{
	struct list_query	q = { .limit = 1000 };
	struct merge_opts	m = { .commit = { .committer = STR("me") } };
	struct branch_opts	from = { .source = STR("main") };
	struct diff_sides	sides = { STR("main"), STR("dev"),
	    DIFF_THREE_DOT };
	struct diff_page	d;
	struct list_page	l;
	struct oid		head;
	struct commit		c;
	int64_t			t;
	size_t			i;

	must(branch_create(&cx, eng, STR("repo"), STR("dev"), &from,
	    STR("me"), &head));
	for (i = 0; i < 100; i++)
		put("dev", n / 100 * i + 7, 1);
	t = when_monotonic();
	commit("dev");
	printf("  commit of 100 scattered changes %8.2f ms\n", ms_since(t));
	t = when_monotonic();
	must(diff_refs(&cx, eng, STR("repo"), &sides, &q, &d));
	printf("  their diff (%zu)              %8.2f ms\n", d.n, ms_since(t));
	put("main", 3, 2);
	commit("main");
	t = when_monotonic();
	must(branch_merge(&cx, eng, STR("repo"), STR("dev"), STR("main"), &m,
	    &c));
	printf("  their merge                   %8.2f ms\n", ms_since(t));
	t = cpu_us();
	for (i = 0; i < 20; i++)
		must(object_list(&cx, eng, STR("repo"), STR("main"), &q, &l));
	printf("  a page of 1000, CPU           %8.2f ms\n",
	    (double)(cpu_us() - t) / 20000);
}

static void
check(void)
{
	const struct fsck_opts	opt = { .deep = false };
	struct fsck_report	r;
	int64_t			t = cpu_us();

	must(fsck_run(&cx, eng, &opt, &r));
	printf("  fsck, CPU                     %8.0f ms, %.2f us an entry\n",
	    (double)(cpu_us() - t) / 1000, (double)(cpu_us() - t) /
	    (double)r.entries);
	if (r.problems > 0)
		exit(1);
}

static void
deletes(size_t n)
{
	struct list_query		q = { .limit = 1000 };
	struct object_delete_item	items[1000];
	struct list_page		l;
	int64_t				t;
	size_t				i, k;

	/* All but the last thousand go. */
	for (i = 0; i + 2000 <= n; i += 1000) {
		struct arena_mark	back = arena_mark(cx.mem);

		memset(items, 0, sizeof items);
		for (k = 0; k < 1000; k++)
			items[k].path = str_printf(cx.mem,
			    "data/p=%05zu/part-%04zu.parquet", (i + k) / 50,
			    (i + k) % 50);
		must(objects_delete(&cx, eng, STR("repo"), STR("main"), items,
		    1000, false));
		tend();
		arena_back(cx.mem, back);
	}
	t = cpu_us();
	for (i = 0; i < 20; i++)
		must(object_list(&cx, eng, STR("repo"), STR("main"), &q, &l));
	printf("  the page under %zu deletes, CPU %6.2f ms\n", n - 1000,
	    (double)(cpu_us() - t) / 20000);
}

int
main(int argc, char **argv)
{
	struct kv_sqlite_opts	 opt = { .create = true };
	struct engine_opts	 o;
	struct repo		 r = { .name = STR("repo"),
	    .default_branch = STR("main"), .storage_namespace = STR("x") };
	struct block		*block;
	struct kv		*kv;
	size_t			 n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0, i;
	int64_t			 t;
	double			 staged;
	bool			 backlog = argc > 3;

	if (n < 2000) {
		fprintf(stderr, "usage: bench_versions FOLDER OBJECTS "
		    "[backlog]\n");
		return 2;
	}
	cx_init(&cx, arena_new());
	must(block_file_open(&cx, argv[1], true, &block));
	must(kv_sqlite_open(&cx, argv[1], &opt, &kv));
	engine_defaults(&o);
	if (backlog)
		o.area_rows = n + 1;
	eng = engine_open(kv, block, &o);
	must(engine_init(&cx, eng));
	must(repo_create(&cx, eng, &r, STR("me")));
	printf("%zu objects\n", n);
	t = when_monotonic();
	for (i = 0; i < n; i++) {
		struct arena_mark	back = arena_mark(cx.mem);

		put("main", i, 0);
		if (i % 1000 == 0 && !backlog)
			tend();
		arena_back(cx.mem, back);
	}
	staged = ms_since(t);
	printf("  staging, one durable put each %8.0f ms\n", staged);
	t = when_monotonic();
	commit("main");
	printf("  commit of all of them         %8.2f ms, %.2f of staging\n",
	    ms_since(t), ms_since(t) / staged);
	if (!backlog) {
		tend();
		changes(n);
		check();
		deletes(n);
	}
	arena_empty(cx.mem);
	engine_close(eng);
	block_close(block);
	kv_close(kv);
	arena_free(cx.mem);
	return 0;
}
