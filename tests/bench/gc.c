/*
 * How much memory gc takes for many objects and a long history:
 *
 *	bench_gc DIR make OBJECTS COMMITS	a lake, written beneath the engine
 *	bench_gc DIR gc [SLOTS]			as a process of its own, with
 *						few slots for what was seen
 *
 * Each object has a block, each tenth commit changes one, and a hundredth of
 * the blocks is garbage.  gc must stay under 64 MiB.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "base/spool.h"
#include "base/when.h"
#include "block/block.h"
#include "engine/engine_inside.h"
#include "engine/records.h"
#include "lake/block_id.h"
#include "lake/keys.h"
#include "upkeep/upkeep.h"

enum { BATCH = 5000, CHANGE = 10, GARBAGE = 100, MOST_KIB = 64 * 1024 };

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

/* ---- a lake ------------------------------------------------------------ */

struct objects {
	size_t			 i, n, version;
	char			 key[64];
	struct arena		*mem;
	struct buf		 value;
	struct uid		 blocks[BATCH + BATCH / GARBAGE];
	size_t			 n_blocks;
};

static enum err
blocks_fn(struct cx *c, struct kv_tx *tx, void *arg)
{
	struct objects	*o = arg;
	size_t		 i;
	enum err	 e = OK;

	for (i = 0; e == OK && i < o->n_blocks; i++)
		e = kv_put_bytes(c, tx, key_small(c, &o->blocks[i]),
		    STR("some bytes of an object"));
	return e;
}

static void
blocks(struct objects *o)
{
	struct cx	aside = cx_bare(arena_new());

	must(kv_write(&aside, eng->kv, blocks_fn, o));
	arena_free(aside.mem);
	o->n_blocks = 0;
}

/* Ids that rise, so that their rows are appended. */
static struct uid
block_next(void)
{
	static uint64_t	n;
	struct uid	id = block_id_new(1, BLOCK_IN_KV);
	unsigned	i;

	n++;
	for (i = 0; i < 7; i++)
		id.b[9 + i] = (unsigned char)(n >> (48 - 8 * i));
	return id;
}

static enum err
next(struct cx *c, void *self, struct tree_edit *out, bool *there)
{
	struct objects		*o = self;
	struct entry_extent	 x;
	struct entry		 en = { .size = 23, .n_extents = 1,
	    .extents = &x, .content_type = STR("binary/octet-stream"),
	    .etag = STR("0123456789abcdef0123456789abcdef") };

	*there = o->i < o->n;
	if (o->n_blocks + 1 >= BATCH || (!*there && o->n_blocks > 0))
		blocks(o);
	if (!*there)
		return OK;
	x = (struct entry_extent){ block_next(), 0, 23 };
	o->blocks[o->n_blocks++] = x.block;
	if (o->i % GARBAGE == 0)
		o->blocks[o->n_blocks++] = block_next();
	en.mtime = c->now + (int64_t)o->version;
	snprintf(o->key, sizeof o->key, "data/p=%07zu/part-%04zu.parquet",
	    o->i / 50, o->i % 50);
	arena_empty(o->mem);
	buf_init(&o->value, o->mem, 1000);
	entry_format(&o->value, &en);
	*out = (struct tree_edit){ .key = str_of(o->key),
	    .value = buf_as_str(&o->value) };
	o->i++;
	return OK;
}

struct place {
	struct uid	ruid;
	struct oid	root;
};

static enum err
place_fn(struct cx *c, struct kv_tx *tx, void *arg)
{
	struct place	*p = arg;
	struct branch	 br;
	enum err	 e;
	bool		 there;

	if ((e = branch_find(c, tx, &p->ruid, STR("main"), &br,
	    &there)) != OK)
		return e;
	br.working = p->root;
	br.low = ++br.open;
	return branch_put(c, tx, &p->ruid, &br);
}

/* Objects from..to of a version over a tree, which then is the branch's. */
static void
lay(struct place *p, size_t from, size_t to, size_t version)
{
	static struct objects		o;
	const struct tree_edits		edits = { .next = next, .self = &o };

	if (o.mem == NULL)
		o.mem = arena_new();
	o.i = from;
	o.n = to;
	o.version = version;
	must(tree_apply(&cx, &eng->trees, &p->root, &edits, &p->root));
	must(kv_write(&cx, eng->kv, place_fn, p));
}

static void
make(size_t objects, size_t commits)
{
	const struct commit_opts	opt = { .message = STR("m"),
	    .committer = STR("me"), .allow_empty = true };
	struct repo		r = { .name = STR("repo"),
	    .default_branch = STR("main"), .storage_namespace = STR("x") };
	struct place		p;
	struct arena_mark	back;
	struct commit		c;
	size_t			i, at;

	must(engine_init(&cx, eng));
	must(repo_create(&cx, eng, &r, STR("me")));
	must(repo_get(&cx, eng, r.name, &r));
	memset(&p.root, 0, sizeof p.root);
	p.ruid = r.ruid;
	lay(&p, 0, objects, 0);
	for (i = 0; i < commits; i++) {
		back = arena_mark(cx.mem);
		at = i * 7919 % objects;
		if (i % CHANGE == 0)
			lay(&p, at, at + 1, i);
		must(commit_create(&cx, eng, STR("repo"), STR("main"), &opt,
		    &c));
		arena_back(cx.mem, back);
	}
}

/* ---- gc ---------------------------------------------------------------- */

/* The most that was resident, in KiB. */
static unsigned long
peak(void)
{
	FILE		*f = fopen("/proc/self/status", "r");
	char		 line[200];
	unsigned long	 kib = 0;

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "VmHWM: %lu", &kib) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return kib;
}

static int
collect(size_t slots)
{
	const struct gc_opts	opt = { .upload_age = INT64_MAX / 4,
	    .head_age = INT64_MAX / 4, .slots = slots };
	struct gc_report	r;
	int64_t			t = when_monotonic();

	must(gc_run(&cx, eng, &opt, &r));
	printf("gc: %.1f s wall, %.1f s CPU, peak %.1f MiB; removed %llu "
	    "commits, %llu nodes, %llu blocks; unreadable %llu\n",
	    (double)(when_monotonic() - t) / 1e6,
	    (double)clock() / CLOCKS_PER_SEC, (double)peak() / 1024,
	    (unsigned long long)r.commits, (unsigned long long)r.nodes,
	    (unsigned long long)r.blocks, (unsigned long long)r.unreadable);
	return peak() > MOST_KIB;
}

int
main(int argc, char **argv)
{
	const struct kv_sqlite_opts	so = { .relaxed = true,
	    .create = argc == 5 };	/* else gc */
	struct engine_opts	o;
	struct block		*block;
	struct kv		*kv;
	struct str		 tmp;
	int			 rc = 0;

	cx_init(&cx, arena_new());
	if (argc < 3 || argc > 5) {
		fprintf(stderr, "bench_gc DIR make OBJECTS COMMITS | "
		    "gc [SLOTS]\n");
		return 2;
	}
	mkdir(argv[1], 0700);
	must(kv_sqlite_open(&cx, argv[1], &so, &kv));
	must(block_file_open(&cx, argv[1], so.create, &block));
	tmp = str_printf(cx.mem, "%s/tmp", argv[1]);
	spool_init(tmp.p, 0);
	engine_defaults(&o);
	o.dir = argv[1];
	eng = engine_open(kv, block, &o);
	if (so.create)
		make(strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	else
		rc = collect(argc == 4 ? strtoul(argv[3], NULL, 10) : 0);
	arena_empty(cx.mem);
	engine_close(eng);
	block_close(block);
	kv_close(kv);
	arena_free(cx.mem);
	return rc;
}
