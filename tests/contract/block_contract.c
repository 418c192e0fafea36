/* What every block driver promises (block/block.h), run against each. */
#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/block.h"
#include "lake/ids.h"

struct fixture {
	struct cx	 cx;
	struct block	*b;
	char		 dir[64];
	size_t		 seen;
};

static int
open_mem(void **state)
{
	struct fixture	*f = calloc(1, sizeof *f);

	cx_init(&f->cx, arena_new());
	f->b = block_mem_open();
	*state = f;
	return 0;
}

static int
open_file(void **state)
{
	struct fixture	*f = calloc(1, sizeof *f);

	cx_init(&f->cx, arena_new());
	snprintf(f->dir, sizeof f->dir, "/tmp/block-contract.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_ok(&f->cx, block_file_open(&f->cx, f->dir, true, &f->b));
	*state = f;
	return 0;
}

static int
close_any(void **state)
{
	struct fixture	*f = *state;
	unsigned	 i;
	char		 path[128];

	arena_empty(f->cx.mem);
	block_close(f->b);
	for (i = 0; f->dir[0] != '\0' && i < 256; i++) {
		snprintf(path, sizeof path, "%s/blocks/%02x", f->dir, i);
		remove(path);
	}
	if (f->dir[0] != '\0') {
		snprintf(path, sizeof path, "%s/blocks", f->dir);
		remove(path);
		snprintf(path, sizeof path, "%s/tmp", f->dir);
		remove(path);
		assert_int_equal(0, remove(f->dir));
	}
	arena_free(f->cx.mem);
	free(f);
	return 0;
}

static struct uid
id_of(unsigned char n)
{
	struct uid	id = { { 0 } };

	memset(id.b, n, sizeof id.b);
	return id;
}

static void
keep(struct fixture *f, unsigned char n, struct str bytes)
{
	struct block_writer	*w;
	struct uid		 id = id_of(n);

	assert_ok(&f->cx, block_create(&f->cx, f->b, &w));
	assert_ok(&f->cx, block_write(&f->cx, w, bytes.p, bytes.n / 2));
	assert_ok(&f->cx, block_write(&f->cx, w, bytes.p + bytes.n / 2,
	    bytes.n - bytes.n / 2));
	assert_ok(&f->cx, block_keep(&f->cx, w, &id));
}

static void
kept_blocks_are_read_by_span(void **state)
{
	struct fixture		*f = *state;
	struct block_reader	*r;
	struct uid		 id = id_of(1);
	uint64_t		 size;
	size_t			 got;
	char			 out[16];
	bool			 there;

	keep(f, 1, STR("0123456789"));
	assert_ok(&f->cx, block_open(&f->cx, f->b, &id, &r));
	assert_ok(&f->cx, block_read(&f->cx, r, 3, out, 4, &got));
	assert_int_equal(4, got);
	assert_memory_equal("3456", out, 4);
	assert_ok(&f->cx, block_read(&f->cx, r, 8, out, 16, &got));
	assert_int_equal(2, got);
	assert_ok(&f->cx, block_read(&f->cx, r, 99, out, 16, &got));
	assert_int_equal(0, got);
	assert_ok(&f->cx, block_size(&f->cx, f->b, &id, &size, &there));
	assert_true(there && size == 10);
	assert_ok(&f->cx, block_delete(&f->cx, f->b, &id));
}

static enum err
count(struct cx *cx, const struct uid *id, uint64_t size, void *arg)
{
	(void)cx;
	(void)id;
	((struct fixture *)arg)->seen += size;
	return OK;
}

static void
absent_dropped_renamed_deleted(void **state)
{
	struct fixture		*f = *state;
	struct block_writer	*w;
	struct block_reader	*r;
	struct uid		 a = id_of(1), b = id_of(2);
	uint64_t		 size;
	size_t			 n;
	bool			 there;

	assert_err(E_CORRUPT, block_open(&f->cx, f->b, &a, &r));
	assert_ok(&f->cx, block_create(&f->cx, f->b, &w));
	assert_ok(&f->cx, block_write(&f->cx, w, "x", 1));
	/* A living writer's file is not swept. */
	assert_ok(&f->cx, block_sweep(&f->cx, f->b, &n));
	assert_int_equal(0, n);
	block_drop(w);
	keep(f, 1, STR("12345"));
	assert_ok(&f->cx, block_rename(&f->cx, f->b, &a, &b));
	assert_ok(&f->cx, block_size(&f->cx, f->b, &a, &size, &there));
	assert_false(there);
	assert_ok(&f->cx, block_each(&f->cx, f->b, count, f));
	assert_int_equal(5, f->seen);
	assert_ok(&f->cx, block_delete(&f->cx, f->b, &b));
	assert_ok(&f->cx, block_delete(&f->cx, f->b, &b));
}

#define BOTH(t)								\
	cmocka_unit_test_setup_teardown(t, open_mem, close_any),	\
	cmocka_unit_test_setup_teardown(t, open_file, close_any)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		BOTH(kept_blocks_are_read_by_span),
		BOTH(absent_dropped_renamed_deleted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
