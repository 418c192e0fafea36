/* The reserve of the disk: what goes below it, what is said then. */
#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/fileio.h"
#include "block/block.h"
#include "engine/body.h"
#include "engine/engine.h"
#include "kv/kv.h"
#include "lake/keys.h"

#define MIB	((uint64_t)1 << 20)

enum { RESERVE = 16, DEAD = 3 };		/* MiB, files of one MiB */

struct fixture {
	struct cx	 cx;
	struct kv	*kv;
	struct block	*block;
	struct engine	*eng;
};

static uint64_t	disk_free;

enum err	__wrap_file_free_space(struct cx *cx, const char *path,
		    uint64_t *bytes);

enum err
__wrap_file_free_space(struct cx *cx, const char *path, uint64_t *bytes)
{
	(void)cx;
	(void)path;
	*bytes = disk_free;
	return OK;
}

static int
setup(void **state)
{
	struct fixture		*f = calloc(1, sizeof *f);
	struct engine_opts	 o;

	cx_init(&f->cx, arena_new());
	f->kv = kv_mem_open();
	f->block = block_mem_open();
	engine_defaults(&o);
	o.dir = "a disk";
	o.reserve = RESERVE * MIB;
	f->eng = engine_open(f->kv, f->block, &o);
	assert_ok(&f->cx, engine_init(&f->cx, f->eng));
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture	*f = *state;

	arena_free(f->cx.mem);
	engine_close(f->eng);
	block_close(f->block);
	kv_close(f->kv);
	free(f);
	return 0;
}

/* So many bytes, and three other bodies under way that take as much. */
static enum err
read_zeros(struct cx *cx, void *self, void *p, size_t n, size_t *got)
{
	uint64_t	*left = self;

	(void)cx;
	*got = n < *left ? n : (size_t)*left;
	*left -= *got;
	memset(p, 0, *got);
	disk_free -= disk_free < 4 * *got ? disk_free : 4 * *got;
	return OK;
}

static enum err
take(struct fixture *f, uint64_t n)
{
	struct source	 src = { read_zeros, &n };
	struct body	*b;

	return body_take(&f->cx, f->eng, &src, 1024 * MIB, NULL, NULL, &b);
}

/* Four bodies at once see the reserve go, each before it has taken a MiB. */
static void
a_body_under_way_stops_at_the_reserve(void **state)
{
	struct fixture	*f = *state;

	disk_free = 64 * MIB;
	assert_ok(&f->cx, take(f, 10 * MIB));
	disk_free = 64 * MIB;
	assert_err(E_NO_ROOM, take(f, 100 * MIB));
	assert_true(disk_free + 5 * MIB >= RESERVE * MIB);
	cx_forget(&f->cx);
	disk_free = RESERVE * MIB - 1;
	assert_err(E_NO_ROOM, take(f, 1));
	cx_forget(&f->cx);
	disk_free = RESERVE * MIB;
	assert_ok(&f->cx, take(f, 1));
}

static enum err
put_dead_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	return kv_put_bytes(cx, tx, key_dead(cx, arg), STR(""));
}

static void
put_dead(struct fixture *f, unsigned n, bool file)
{
	struct uid		 id = { { 1, (unsigned char)(n >> 8),
	    (unsigned char)n } };
	struct block_writer	*w;
	char			*mib = arena_get(f->cx.mem, MIB);

	if (file) {
		assert_ok(&f->cx, block_create(&f->cx, f->block, &w));
		assert_ok(&f->cx, block_write(&f->cx, w, mib, MIB));
		assert_ok(&f->cx, block_keep(&f->cx, w, &id));
	}
	assert_ok(&f->cx, kv_write(&f->cx, f->kv, put_dead_fn, &id));
}

static void
a_refusal_says_what_waits_for_the_grace(void **state)
{
	struct fixture	*f = *state;
	unsigned	 i;

	disk_free = 0;
	for (i = 0; i < DEAD; i++)
		put_dead(f, i, true);
	put_dead(f, i, false);		/* its file has gone meanwhile */
	assert_err(E_NO_ROOM, take(f, 1));
	assert_non_null(strstr(cx_public(&f->cx), "delete"));
	assert_non_null(strstr(cx_public(&f->cx), "lakegate gc"));
	assert_non_null(strstr(cx_public(&f->cx), "; 3 MiB wait"));
	cx_forget(&f->cx);
	for (i = 4; i < 300; i++)	/* more than it looks at */
		put_dead(f, i, false);
	assert_err(E_NO_ROOM, take(f, 1));
	assert_non_null(strstr(cx_public(&f->cx), "; at least 3 MiB wait"));
}

/* Of records without bytes there may be any number: they leave the reserve
 * too, and what gives space back does not ask for it. */
static void
records_leave_the_reserve(void **state)
{
	struct repo			r = { .name = STR("repo"),
	    .default_branch = STR("main"), .storage_namespace = STR("x") };
	const struct branch_opts	from = { .source = STR("main") };
	const struct commit_opts	opt = { .message = STR("m"),
	    .committer = STR("me"), .allow_empty = true };
	struct target			at = { STR("repo"), STR("main"),
	    STR("up"), STR("") };
	struct fixture			*f = *state;
	struct upload			 u = { .meta = { .content_type =
	    STR("t") } };
	struct commit			 c;
	struct oid			 head;
	struct uid			 id;
	int				 i;

	for (i = 0; i < 2; i++) {
		disk_free = i == 0 ? RESERVE * MIB : RESERVE * MIB - 1;
#define ROOM(call) do {							\
		assert_err(i == 0 ? OK : E_NO_ROOM, call);		\
		cx_forget(&f->cx);					\
	} while (0)
		r.name = i == 0 ? STR("repo") : STR("other");
		r.storage_namespace = r.name;
		ROOM(repo_create(&f->cx, f->eng, &r, STR("me")));
		ROOM(branch_create(&f->cx, f->eng, STR("repo"), i == 0 ?
		    STR("b0") : STR("b1"), &from, STR("me"), &head));
		ROOM(tag_create(&f->cx, f->eng, STR("repo"), i == 0 ?
		    STR("t0") : STR("t1"), STR("main"), false, &head));
		ROOM(upload_create(&f->cx, f->eng, &at, &u));
		id = i == 0 ? u.id : id;
	}
	assert_err(E_NO_ROOM, object_set_meta(&f->cx, f->eng, &at, NULL, 0,
	    false));
	cx_forget(&f->cx);
	assert_ok(&f->cx, upload_abort(&f->cx, f->eng, &at, &id));
	assert_ok(&f->cx, branch_reset(&f->cx, f->eng, STR("repo"),
	    STR("main"), false));
	assert_ok(&f->cx, commit_create(&f->cx, f->eng, STR("repo"),
	    STR("main"), &opt, &c));
	assert_ok(&f->cx, branch_delete(&f->cx, f->eng, STR("repo"),
	    STR("b0"), false, STR("me")));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_body_under_way_stops_at_the_reserve, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_refusal_says_what_waits_for_the_grace, setup, teardown),
		cmocka_unit_test_setup_teardown(records_leave_the_reserve,
		    setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
