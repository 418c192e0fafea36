/*
 * Pages through a long history, the engine alone on SQLite, cold: CPU of pages
 * of versions and of the log, the first and one in the middle, of a chain of
 * commits that each change some objects, and of the log behind merges.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/cx.h"
#include "block/block.h"
#include "engine/engine.h"
#include "kv/kv.h"

enum { PER_FOLDER = 50 };

static struct cx	 cx;
static struct engine	*eng;
static struct kv	*kv;
static struct block	*block;

static void
must(enum err e)
{
	if (e == OK)
		return;
	fprintf(stderr, "%s: %s\n", err_name(e), cx.words);
	exit(1);
}

/* What this process has used, in ms. */
static double
cpu_ms(void)
{
	return (double)clock() * 1000 / CLOCKS_PER_SEC;
}

/* As a process that has read nothing yet. */
static void
begin(void)
{
	struct engine_opts	o;

	engine_close(eng);
	engine_defaults(&o);
	eng = engine_open(kv, block, &o);
}

static void
put(const char *branch, size_t i)
{
	static const struct cond	none;
	static size_t		version;
	struct target		at = { .repo = STR("repo"),
	    .ref = str_of(branch), .path = str_printf(cx.mem,
	    "data/p=%05zu/part-%04zu.parquet", i / PER_FOLDER,
	    i % PER_FOLDER) };
	struct entry		en = { .content_type = STR("binary") };
	struct source		src;
	struct body		*body;

	en.etag = str_printf(cx.mem, "%032zx", ++version);
	src = source_of_str(&cx, STR("some bytes of an object"));
	must(body_take(&cx, eng, &src, 100, NULL, NULL, &body));
	must(object_put(&cx, eng, &at, body, &en, &none, false));
}

static void
commit(const char *branch)
{
	const struct commit_opts	opt = { .message = STR("m"),
	    .committer = STR("me"), .allow_empty = true };
	struct commit			c;

	must(commit_create(&cx, eng, STR("repo"), str_of(branch), &opt, &c));
}

static void
merge(const char *source, const char *branch)
{
	const struct merge_opts	opt = { .commit = { .committer = STR("me"),
	    .force = true, .allow_empty = true }, .strategy = STRATEGY_SOURCE };
	struct commit		c;

	must(branch_merge(&cx, eng, STR("repo"), str_of(source),
	    str_of(branch), &opt, &c));
}

static void
history(size_t commits, size_t objects, size_t changes)
{
	struct arena_mark	back = arena_mark(cx.mem);
	size_t			i, k;
	bool			more;

	for (i = 0; i < objects; i++) {
		put("main", i);
		if (i % 1000 == 0)
			arena_back(cx.mem, back);
	}
	for (i = 0; i < commits; i++) {
		cx.now += 1000;
		for (k = 0; k < changes; k++)
			put("main", (size_t)rand() % objects);
		commit("main");
		for (more = i % 100 == 0; more;)
			must(engine_maintain(&cx, eng, &more));
		arena_back(cx.mem, back);
	}
}

static void
versions(const char *what, struct list_query q)
{
	struct arena_mark	back = arena_mark(cx.mem);
	struct version_page	page;
	double			t;

	begin();
	t = cpu_ms();
	must(object_versions(&cx, eng, STR("repo"), STR("main"), &q, STR(""),
	    &page));
	printf("  %-36s %8.1f ms, %zu versions\n", what, cpu_ms() - t, page.n);
	arena_back(cx.mem, back);
}

static void
pages_of_versions(size_t objects)
{
	struct list_query	q = { .limit = 1000 };

	versions("the first page of versions", q);
	q.after = str_printf(cx.mem, "data/p=%05zu", objects / 2 / PER_FOLDER);
	versions("one in the middle", q);
	q.prefix = STR("data/p=00001/part-0007");
	q.after = STR("");
	versions("all of one object", q);
	q.prefix = STR("data/p=00001/");
	q.delimiter = STR("/");
	versions("one folder", q);
	q.prefix = STR("data/");
	versions("folders alone", q);
	q.prefix = STR("nothing/");
	versions("none", q);
}

static void
pages_of_log(const char *what, struct commit_log_query q)
{
	struct arena_mark	back = arena_mark(cx.mem);
	struct commit_page	page = { .next = STR("") };
	double			t, last = 0, all = cpu_ms();
	size_t			n = 0, pages = 0;

	begin();
	do {
		q.after = page.next;
		t = cpu_ms();
		must(commit_log(&cx, eng, STR("repo"), &q, &page));
		last = cpu_ms() - t;
		n += page.n;
		pages++;
	} while (page.more);
	printf("  %-36s %8.1f ms, %zu pages, the last %.1f ms, %zu commits\n",
	    what, cpu_ms() - all, pages, last, n);
	arena_back(cx.mem, back);
}

int
main(int argc, char **argv)
{
	struct kv_sqlite_opts	 opt = { .create = true, .relaxed = true };
	struct repo		 r = { .name = STR("repo"),
	    .default_branch = STR("main"), .storage_namespace = STR("x") };
	struct branch_opts	 from = { .source = STR("main") };
	struct commit_log_query	 q = { .ref = STR("main"), .amount = 100 };
	struct oid		 head;
	size_t			 n, objects, changes, i;

	if (argc != 5) {
		fprintf(stderr, "usage: bench_history FOLDER COMMITS OBJECTS "
		    "CHANGES\n");
		return 2;
	}
	n = strtoul(argv[2], NULL, 10);
	objects = strtoul(argv[3], NULL, 10);
	changes = strtoul(argv[4], NULL, 10);
	cx_init(&cx, arena_new());
	cx.now = 1700000000000;
	must(block_file_open(&cx, argv[1], true, &block));
	must(kv_sqlite_open(&cx, argv[1], &opt, &kv));
	begin();
	must(engine_init(&cx, eng));
	must(repo_create(&cx, eng, &r, STR("me")));
	history(n, objects, changes);
	printf("%zu commits of %zu changes, %zu objects\n", n, changes,
	    objects);
	pages_of_versions(objects);
	pages_of_log("the log, 100 at a time", q);
	q.prefixes = &(struct str)STR_INIT("data/p=00001/part-0007");
	q.n_prefixes = 1;
	pages_of_log("the log of one object", q);
	q.n_prefixes = 0;
	must(branch_create(&cx, eng, STR("repo"), STR("dev"), &from,
	    STR("me"), &head));
	for (i = 0; i < n / 10; i++) {
		cx.now += 1000;
		commit("dev");
		commit("main");
		merge("dev", "main");
	}
	pages_of_log("the log behind merges", q);
	arena_empty(cx.mem);
	engine_close(eng);
	block_close(block);
	kv_close(kv);
	arena_free(cx.mem);
	return 0;
}
