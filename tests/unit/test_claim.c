/* What keeps gc away: claims, the gc record, and the epoch in a block's id. */
#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "kv/kv.h"
#include "lake/block_id.h"
#include "lake/keys.h"
#include "tree/claim.h"

struct fixture {
	struct cx	 cx;
	struct kv	*kv;
};

static int
setup(void **state)
{
	struct fixture	*f = calloc(1, sizeof *f);

	cx_init(&f->cx, arena_new());
	f->kv = kv_mem_open();
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture	*f = *state;

	kv_close(f->kv);
	arena_free(f->cx.mem);
	free(f);
	return 0;
}

/* ---- the gc record ----------------------------------------------------- */

static enum err
put_state_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	return gc_state_put(cx, tx, arg);
}

static enum err
put_record_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	return kv_put_bytes(cx, tx, key_gc(), *(struct str *)arg);
}

static void
set_state(struct fixture *f, uint64_t epoch, uint64_t floor, bool marking)
{
	struct gc_state	gs = { epoch, floor, marking };

	assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_state_fn, &gs));
}

static void
a_new_lake_begins_with_epoch_one(void **state)
{
	struct fixture	*f = *state;
	struct gc_state	 gs;

	assert_err(E_CORRUPT, gc_state_read(&f->cx, f->kv, &gs));
	cx_forget(&f->cx);
	assert_ok(&f->cx, gc_state_init(&f->cx, f->kv));
	assert_ok(&f->cx, gc_state_read(&f->cx, f->kv, &gs));
	assert_int_equal(1, gs.epoch);
	assert_int_equal(1, gs.floor);
	assert_false(gs.marking);
}

static void
the_record_comes_back(void **state)
{
	static const struct gc_state	cases[] = {
		{ 1, 1, false }, { 2, 1, true }, { 256, 255, false },
		{ UINT64_MAX, 1, true }, { UINT64_MAX, UINT64_MAX, false },
		{ 0x0102030405060708u, 0x1112131415161718u, true },
	};
	struct fixture	*f = *state;
	struct gc_state	 gs;
	size_t		 i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		set_state(f, cases[i].epoch, cases[i].floor,
		    cases[i].marking);
		assert_ok(&f->cx, gc_state_read(&f->cx, f->kv, &gs));
		assert_true(gs.epoch == cases[i].epoch);
		assert_true(gs.floor == cases[i].floor);
		assert_int_equal(cases[i].marking, gs.marking);
	}
}

/* Two numbers of 8 bytes, a byte: the form of every lake there is. */
static void
the_record_has_its_form(void **state)
{
	static const char	bytes[] = "\0\0\0\0\0\0\1\2\0\0\0\0\0\0\0\3\1";
	struct fixture		*f = *state;
	struct gc_state		 gs;
	struct str		 v, cut;
	size_t			 n;
	bool			 there;

	set_state(f, 0x102, 3, true);
	assert_ok(&f->cx, kv_get(&f->cx, f->kv, key_gc(), &v, &there));
	assert_true(there);
	assert_int_equal(17, v.n);
	assert_memory_equal(bytes, v.p, 17);
	for (n = 0; n < 17; n++) {
		cut = str_to(v, n);
		assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_record_fn,
		    &cut));
		assert_err(E_CORRUPT, gc_state_read(&f->cx, f->kv, &gs));
		cx_forget(&f->cx);
	}
}

/* ---- claims ------------------------------------------------------------ */

static void
the_condemned_is_refused(void **state)
{
	static const struct {
		uint64_t	floor, epoch;
		enum err	want;
	} cases[] = {
		{ 1, 1, OK }, { 1, 2, OK }, { 2, 1, E_CONDEMNED },
		{ 2, 2, OK }, { 2, 0, E_CONDEMNED }, { 0, 0, OK },
		{ UINT64_MAX, UINT64_MAX - 1, E_CONDEMNED },
		{ UINT64_MAX, UINT64_MAX, OK }, { 1, UINT64_MAX, OK },
	};
	struct fixture	*f = *state;
	size_t		 i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct gc_state	gs = { UINT64_MAX, cases[i].floor, false };

		assert_err(cases[i].want, claim_check_epoch(&f->cx, &gs,
		    cases[i].epoch));
		cx_forget(&f->cx);
	}
}

/* Only damage that gc can have caused is taken for its work. */
static void
a_job_that_gc_overtook_starts_over(void **state)
{
	static const struct {
		uint64_t	floor;		/* 0: there is no record */
		uint64_t	epoch;		/* when the job began */
		enum err	met, want;
	} cases[] = {
		{ 3, 2, E_CORRUPT, E_CONDEMNED },
		{ 3, 3, E_CORRUPT, E_CORRUPT },
		{ 3, 4, E_CORRUPT, E_CORRUPT },
		{ 3, 2, OK, OK },
		{ 3, 2, E_STORE, E_STORE },
		{ 3, 2, E_CONDEMNED, E_CONDEMNED },
		{ 0, 2, E_CORRUPT, E_CORRUPT },
	};
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fixture	*f;
		void		*own;

		setup(&own);
		f = own;
		if (cases[i].floor > 0)
			set_state(f, 9, cases[i].floor, false);
		if (cases[i].met != OK)
			fail(&f->cx, cases[i].met, "as it was");
		assert_err(cases[i].want, claim_overtaken(&f->cx, f->kv,
		    cases[i].epoch, cases[i].met));
		assert_err(cases[i].want, f->cx.code);
		/* What was met keeps its words. */
		if (cases[i].want == cases[i].met && cases[i].met != OK)
			assert_string_equal("as it was", f->cx.words);
		teardown(&own);
	}
}

enum what { TREE, NO_TREE, COMMIT, ONE_BLOCK, TWO_BLOCKS, NEW_BLOCK, MANIFEST,
	NOTHING };

static const struct {
	enum what	 what;
	const char	*notes;		/* kinds, with the first byte of the id */
} claims[] = {
	{ TREE, "N1" }, { NO_TREE, "" }, { COMMIT, "C3" },
	{ ONE_BLOCK, "B4" }, { TWO_BLOCKS, "B4B5" }, { NOTHING, "" },
	/* One of this epoch is not condemned, whether it is marked or not. */
	{ NEW_BLOCK, "B4" },
	/* A manifest names its blocks itself. */
	{ MANIFEST, "M6" },
};

struct claiming {
	enum what	what;
	bool		marking;
};

static enum err
claim_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	static const struct oid	none, tree = { { '1' } }, commit = { { '2' } };
	static const struct uid	repo = { { '3' } };
	struct claiming		*c = arg;
	struct gc_state		 gs = { UINT64_MAX - 1, 1, c->marking };
	struct entry_extent		 x[2] = { { .block = { { '4' } } },
	    { .block = { { '5' } } } };
	struct entry		 en = { .extents = x, .n_extents = 1,
	    .manifest = { { '6' } } };

	switch (c->what) {
	case TREE:
		return claim_tree(cx, tx, &gs, &tree);
	case NO_TREE:
		return claim_tree(cx, tx, &gs, &none);
	case COMMIT:
		return claim_commit(cx, tx, &gs, &repo, &commit);
	case NEW_BLOCK:
		memset(x[1].block.b, 0xff, 8);
		x[1].block.b[7] = 0xfe;
		en.n_extents = 2;
		break;
	case TWO_BLOCKS:
		en.n_extents = 2;
		break;
	case MANIFEST:
		en.has_manifest = true;
		break;
	case NOTHING:
		en.n_extents = 0;
		break;
	case ONE_BLOCK:
		break;
	}
	return claim_entry(cx, tx, &gs, &en);
}

struct notes {
	char	kinds[32];
	size_t	n;
};

/* Read all notes, and delete them. */
static enum err
notes_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct notes		*t = arg;
	struct keys_range	 in = key_range(cx, key_letter(cx, 'g'));
	struct kv_cursor	*cur;
	struct str		 k, v;
	size_t			 n;
	enum err		 e;
	bool			 there;

	t->n = 0;
	if ((e = kv_scan(cx, tx, in.lo, in.hi, &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there) {
		assert_int_equal(0, v.n);
		assert_int_equal(k.p[1] == GREY_COMMIT ? 2 + 16 + 32 :
		    k.p[1] == GREY_NODE ? 2 + 32 : 2 + 16, k.n);
		t->kinds[t->n++] = k.p[1];
		t->kinds[t->n++] = k.p[2];
	}
	t->kinds[t->n] = '\0';
	kv_cursor_close(tx, cur);
	return e == OK ? kv_clear(cx, tx, in.lo, in.hi, 100, &n) : e;
}

static void
a_marker_is_told_what_gets_a_name(void **state)
{
	struct fixture	*f = *state;
	struct claiming	 c;
	struct notes	 t;
	size_t		 i;

	for (i = 0; i < 2 * sizeof claims / sizeof claims[0]; i++) {
		c.what = claims[i / 2].what;
		c.marking = i % 2 == 1;
		assert_ok(&f->cx, kv_write(&f->cx, f->kv, claim_fn, &c));
		assert_ok(&f->cx, kv_write(&f->cx, f->kv, notes_fn, &t));
		assert_string_equal(c.marking ? claims[i / 2].notes : "",
		    t.kinds);
	}
}

/* A transaction that fails leaves no note. */
static enum err
claim_and_fail_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	enum err	e;

	if ((e = claim_fn(cx, tx, arg)) != OK)
		return e;
	return fail(cx, E_CONFLICT, "on purpose");
}

static void
a_claim_ends_with_its_transaction(void **state)
{
	struct fixture	*f = *state;
	struct claiming	 c = { TREE, true };
	struct notes	 t;

	assert_err(E_CONFLICT, kv_write(&f->cx, f->kv, claim_and_fail_fn,
	    &c));
	cx_forget(&f->cx);
	assert_ok(&f->cx, kv_write(&f->cx, f->kv, notes_fn, &t));
	assert_string_equal("", t.kinds);
}

/* ---- ids of blocks ----------------------------------------------------- */

static void
a_block_says_its_epoch_and_place(void **state)
{
	static const struct {
		uint64_t	epoch;
		char		where;
		bool		file;
		const char	*head;		/* 9 bytes */
	} cases[] = {
		{ 0, 'k', false, "\0\0\0\0\0\0\0\0k" },
		{ 1, 'f', true, "\0\0\0\0\0\0\0\1f" },
		{ 255, 'f', true, "\0\0\0\0\0\0\0\377f" },
		{ 256, 'k', false, "\0\0\0\0\0\0\1\0k" },
		{ 0x0102030405060708u, 'f', true, "\1\2\3\4\5\6\7\10f" },
		{ UINT64_MAX, 'k', false, "\377\377\377\377\377\377\377\377k" },
	};
	struct uid	id;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		id = block_id_new(cases[i].epoch, cases[i].where);
		assert_memory_equal(cases[i].head, id.b, 9);
		assert_true(block_id_epoch(&id) == cases[i].epoch);
		assert_int_equal(cases[i].file, block_id_is_file(&id));
	}
}

static int
by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uid));
}

static void
ids_are_never_used_twice(void **state)
{
	static struct uid	ids[20000];
	size_t			i, n = sizeof ids / sizeof ids[0];

	(void)state;
	for (i = 0; i < n; i++)
		ids[i] = block_id_new(7, BLOCK_IN_FILE);
	qsort(ids, n, sizeof ids[0], by_bytes);
	for (i = 1; i < n; i++)
		assert_true(by_bytes(&ids[i - 1], &ids[i]) != 0);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_new_lake_begins_with_epoch_one, setup, teardown),
		cmocka_unit_test_setup_teardown(the_record_comes_back, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(the_record_has_its_form, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(the_condemned_is_refused,
		    setup, teardown),
		cmocka_unit_test(a_job_that_gc_overtook_starts_over),
		cmocka_unit_test_setup_teardown(
		    a_marker_is_told_what_gets_a_name, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_claim_ends_with_its_transaction, setup, teardown),
		cmocka_unit_test(a_block_says_its_epoch_and_place),
		cmocka_unit_test(ids_are_never_used_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
