/* What a walk remembers, in files too: exactly, and in the order it was. */
#include "unit/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/spool.h"
#include "upkeep/pile.h"
#include "upkeep/seen.h"

enum { THINGS = 60000, SLOTS = 4096 };

static char	folder[] = "/tmp/lakegate-seen-XXXXXX";

static struct str
thing(char bytes[8], size_t n)
{
	unsigned	i;

	for (i = 0; i < 8; i++)
		bytes[i] = (char)(n >> (8 * i));
	return (struct str){ bytes, 8 };
}

/* Every thing is new once, and nothing is seen that was not. */
static void
remember(size_t slots, const char *dir, size_t files)
{
	struct seen	*s = seen_open(slots);
	struct cx	 cx;
	char		 id[8];
	size_t		 i;
	int		 round;

	spool_init(dir, 0);
	cx_init(&cx, arena_new());
	for (round = 0; round < 2; round++) {
		for (i = 0; i < THINGS; i++)
			assert_true(seen_add(s, 'N', thing(id, i)));
		assert_int_equal(files, seen_files(s));
		for (i = 0; i < THINGS; i++) {
			assert_true(seen_has(s, 'N', thing(id, i)));
			assert_false(seen_has(s, 'C', thing(id, i)));
			assert_false(seen_has(s, 'N', thing(id, i + THINGS)));
			assert_false(seen_add(s, 'N', thing(id, i)));
		}
		assert_ok(&cx, seen_check(&cx, s));
		/* Twice: what is forgotten is new again. */
		seen_empty(s);
		assert_false(seen_has(s, 'N', thing(id, 0)));
	}
	seen_close(s);
	arena_free(cx.mem);
}

static void
things_are_remembered_exactly(void **state)
{
	(void)state;
	remember(SLOTS, folder, THINGS / (SLOTS / 4 * 3));
	remember(1024, folder, THINGS / 768);
	remember(SEEN_MOST, folder, 0);
	/* Without a folder, or one that is gone: in memory. */
	remember(SLOTS, NULL, 0);
	remember(SLOTS, "/nonexistent", 0);
}

static void
full_disks_are_told_from_broken_ones(void **state)
{
	struct seen	*s = seen_open(16);
	struct cx	 cx;
	char		 id[8];
	size_t		 i;

	(void)state;
	cx_init(&cx, arena_new());
	/* More than there is: nothing is spilled. */
	spool_init(folder, UINT64_MAX);
	for (i = 0; i < 1000; i++)
		assert_true(seen_add(s, 'N', thing(id, i)));
	assert_int_equal(0, seen_files(s));
	for (i = 0; i < 1000; i++)
		assert_false(seen_add(s, 'N', thing(id, i)));
	assert_ok(&cx, seen_check(&cx, s));
	seen_close(s);
	arena_free(cx.mem);
}

/* Items come back last in, first out, however deep the pile is. */
static void
a_pile_keeps_its_order(void **state)
{
	static const struct {
		const char	*dir;
		size_t		 most;
	} cases[] = { { folder, 16 }, { folder, 1024 }, { NULL, 16 } };
	struct cx	cx;
	struct pile	*p;
	size_t		i, k, n, pushed, item;
	bool		there;

	(void)state;
	cx_init(&cx, arena_new());
	for (k = 0; k < 3; k++) {
		spool_init(cases[k].dir, 0);
		p = pile_open(sizeof item, cases[k].most);
		for (i = n = 0; i < 300; i++) {
			for (pushed = 0; pushed < i % 17; pushed++, n++)
				pile_push(&cx, p, &n);
			for (; n > 0 && pushed % 3 != 0; pushed--) {
				assert_ok(&cx, pile_pop(&cx, p, &item, &there));
				assert_true(there);
				assert_int_equal(--n, item);
			}
		}
		assert_true(n > 500);
		while (n > 0) {
			assert_ok(&cx, pile_pop(&cx, p, &item, &there));
			assert_int_equal(--n, item);
		}
		assert_ok(&cx, pile_pop(&cx, p, &item, &there));
		assert_false(there);
		pile_push(&cx, p, &n);
		pile_empty(p);
		assert_ok(&cx, pile_pop(&cx, p, &item, &there));
		assert_false(there);
		pile_close(p);
	}
	arena_free(cx.mem);
}

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

/* No file is left: they had no names. */
static int
teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(things_are_remembered_exactly),
		cmocka_unit_test(full_disks_are_told_from_broken_ones),
		cmocka_unit_test(a_pile_keeps_its_order),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
