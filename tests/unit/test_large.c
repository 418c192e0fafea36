/*
 * The memory of large changes, on SQLite: what the program holds of it at most
 * does not grow with them.  tests/bench/changes.c shows the same of millions.
 */
#include "unit/unit.h"

#include <malloc.h>
#include <unistd.h>

#include "bench/large.h"

enum { MOST = 10 << 20 };	/* the cache is 1 MiB */

/* ---- what is held ------------------------------------------------------ */

void	*__real_malloc(size_t n);
void	*__wrap_malloc(size_t n);
void	*__real_calloc(size_t n, size_t size);
void	*__wrap_calloc(size_t n, size_t size);
void	*__real_realloc(void *p, size_t n);
void	*__wrap_realloc(void *p, size_t n);
void	 __real_free(void *p);
void	 __wrap_free(void *p);

static size_t	held, most;

static void *
holds(void *p)
{
	held += malloc_usable_size(p);
	if (held > most)
		most = held;
	return p;
}

void *
__wrap_malloc(size_t n)
{
	return holds(__real_malloc(n));
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return holds(__real_calloc(n, size));
}

void *
__wrap_realloc(void *p, size_t n)
{
	held -= malloc_usable_size(p);
	return holds(__real_realloc(p, n));
}

void
__wrap_free(void *p)
{
	held -= malloc_usable_size(p);
	__real_free(p);
}

/* ---- steps ------------------------------------------------------------- */

static size_t	step_held;
static struct arena_mark step_back;

static void
begin(void)
{
	step_back = arena_mark(cx.mem);
	step_held = most = held;
}

static void
end(const char *what)
{
	if (getenv("LOUD") != NULL || most - step_held > MOST)
		print_error("%s held %zu KiB\n", what,
		    (most - step_held) / 1024);
	assert_in_range(most - step_held, 0, MOST);
	arena_back(cx.mem, step_back);
	/* And nothing that outlives it, but for the cache. */
	assert_in_range(held, 0, step_held + (2 << 20));
}

static void
change_all(size_t changes)
{
	const struct diff_sides	three = { STR("main"), STR("dev"),
	    DIFF_THREE_DOT }, two = { STR("main"), STR("dev"), DIFF_TWO_DOT };
	const struct list_query	q = { .limit = 1000 };
	const size_t		step = objects / changes;
	struct diff_page	d;

	begin();
	make("main", 0);
	commit("main");
	end("the first commit");
	branch("dev");
	stage("dev", 0, step, changes, 1);
	begin();
	commit("dev");
	end("commit");
	stage("main", step / 2, step, changes, 2);
	commit("main");
	begin();
	diff_pages(three, SIZE_MAX);
	end("diff");
	begin();
	merge(STRATEGY_SOURCE, OK);
	end("merge");
	stage("dev", 0, step, changes, 3);
	commit("dev");
	stage("main", 0, step, changes, 4);
	commit("main");
	begin();
	merge(STRATEGY_NONE, E_CONFLICT);
	end("merge that conflicts");
	begin();
	diff_pages(three, SIZE_MAX);
	end("diff of the conflicts");
	stage("main", 0, step, changes, 5);
	begin();
	reset();
	end("reset");
	/* Rows that change nothing, as the reset left them. */
	begin();
	must(diff_uncommitted(&cx, eng, repo, STR("main"), &q, &d));
	assert_int_equal(0, d.n);
	end("diff of what is staged");
	begin();
	delete_some();
	end("deletes");
	make("dev", 6);
	commit("dev");
	begin();
	diff_pages(two, 10);
	end("diff of two trees");
}

static void
in_a_lake(size_t n, size_t changes)
{
	char			 dir[] = "/tmp/large.XXXXXX", name[100];
	static const char *const files[] = { "meta.db", "meta.db-wal",
	    "meta.db-shm", "queue.lock", "writer.lock", "copy.lock", "" };
	struct engine_opts	 o;
	struct block		*block;
	struct kv		*kv;
	size_t			 i;

	assert_non_null(mkdtemp(dir));
	engine_defaults(&o);
	o.cache_bytes = 1 << 20;
	open_lake(dir, &o, true, &kv, &block);
	objects = n;
	change_all(changes);
	close_lake(kv, block);
	for (i = 0; i < sizeof files / sizeof files[0]; i++) {
		snprintf(name, sizeof name, "%s/%s", dir, files[i]);
		remove(name);
	}
}

static void
many_changes_take_little_memory(void **state)
{
	(void)state;
	padding = STR("");
	in_a_lake(100000, 4000);
}

static void
changes_of_large_records_take_little_memory(void **state)
{
	static char	bytes[40 * 1024];

	(void)state;
	memset(bytes, 'm', sizeof bytes);
	padding = (struct str){ bytes, sizeof bytes };
	in_a_lake(700, 350);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(many_changes_take_little_memory),
		cmocka_unit_test(changes_of_large_records_take_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
