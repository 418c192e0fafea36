/*
 * fsck: one check for each invariant that data can show (DESIGN 3, *).  Runs
 * beside writers: what it walks it reads in short snapshots.
 */
#include "upkeep/upkeep.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/enc.h"
#include "base/limit.h"
#include "engine/refs.h"
#include "lake/block_id.h"
#include "lake/keys.h"
#include "lake/names.h"
#include "upkeep/mark.h"
#include "upkeep/rows.h"

struct fsck {
	struct engine		*eng;
	const struct fsck_opts	*opt;
	struct fsck_report	*r;
	struct gc_state		 gs;
	struct mark		 m;
};

static void
problem(struct fsck *f, const char *invariant, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
problem(struct fsck *f, const char *invariant, const char *fmt, ...)
{
	va_list	ap;
	char	what[700];

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	f->r->problems++;
	if (f->opt->found != NULL)
		f->opt->found(f->opt->arg, invariant, what);
}

/* ---- the walk: I8, I10, I11, I12, I13 ---------------------------------- */

static enum err
missing(struct cx *cx, struct mark *m)
{
	problem(m->arg, "I8", "%s", cx->words);
	cx_forget(cx);
	return OK;
}

struct find {
	struct str	key, value;
	bool		there;
};

static enum err
find_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct find	*q = arg;

	return kv_find(cx, tx, q->key, &q->value, &q->there);
}

static enum err
find(struct cx *cx, struct fsck *f, struct str key, struct find *out)
{
	*out = (struct find){ .key = key };
	return kv_read(cx, f->eng->kv, find_fn, out);
}

static enum err
check_extent(struct cx *cx, struct fsck *f, struct str path,
    const struct extent *x)
{
	struct find	q;
	uint64_t	size = 0;
	char		hex[33];
	enum err	e;
	bool		there;

	enc_hex(hex, x->block.b, sizeof x->block.b);
	if (block_id_is_file(&x->block)) {
		if ((e = block_size(cx, f->eng->block, &x->block, &size,
		    &there)) != OK)
			return e;
	} else {
		if ((e = find(cx, f, key_small(cx, &x->block), &q)) != OK)
			return e;
		there = q.there;
		size = q.there ? q.value.n : 0;
	}
	if (!there)
		problem(f, "I8", "\"%.*s\": block %s is missing", STRF(path),
		    hex);
	else if (x->off > size || x->len > size - x->off)
		problem(f, "I17", "\"%.*s\": block %s has %llu bytes, %llu at "
		    "%llu are named", STRF(path), hex,
		    (unsigned long long)size, (unsigned long long)x->len,
		    (unsigned long long)x->off);
	if (block_id_epoch(&x->block) > f->gs.epoch)
		problem(f, "I12", "block %s is of a later epoch", hex);
	return OK;
}

/* The bytes still have the MD5 that is their ETag. */
static enum err
check_bytes(struct cx *cx, struct fsck *f, struct str path,
    const struct entry *en)
{
	unsigned char	md5[16];
	struct source	src;
	struct digest	d;
	char		*window = arena_get(cx->mem, STREAM_WINDOW), hex[33];
	size_t		got = 1;
	enum err	e;

	if (en->etag.n != 32)
		return OK;	/* of a multipart object: no plain MD5 */
	e = object_source(cx, f->eng, en, 0, en->size, &src);
	digest_begin(&d, DIGEST_MD5);
	while (e == OK && got > 0 && (e = source_read(cx, &src, window,
	    STREAM_WINDOW, &got)) == OK)
		digest_feed(&d, window, got);
	digest_end(&d, md5);
	enc_hex(hex, md5, sizeof md5);
	if (e != OK || !str_is(en->etag, str_of(hex)))
		problem(f, "I11", "\"%.*s\": the bytes are not those of ETag "
		    "%.*s", STRF(path), STRF(en->etag));
	if (e != OK)
		cx_forget(cx);
	return OK;
}

static enum err
check_entry(struct cx *cx, struct mark *m, struct str path,
    const struct entry *en)
{
	struct arena_mark	back = arena_mark(cx->mem);
	struct fsck		*f = m->arg;
	uint64_t		 sum = 0;
	size_t			 i;
	enum err		 e = OK;

	for (i = 0; e == OK && i < en->n_extents; i++) {
		sum += en->extents[i].len;
		e = check_extent(cx, f, path, &en->extents[i]);
	}
	/* A manifest comes alone, without the entry's size. */
	if (path.n > 0 && !en->has_manifest && sum != en->size)
		problem(f, "I11", "\"%.*s\": extents have %llu bytes, the "
		    "entry %llu", STRF(path), (unsigned long long)sum,
		    (unsigned long long)en->size);
	if (e == OK && f->opt->deep && path.n > 0 && !en->has_manifest)
		e = check_bytes(cx, f, path, en);
	arena_back(cx->mem, back);
	return e;
}

static enum err
check_node(struct cx *cx, struct mark *m, const struct node *n,
    bool rightmost)
{
	struct fsck	*f = m->arg;
	struct node_builder b = { .p = NULL };
	struct node	*shared = (struct node *)(uintptr_t)n;
	struct node_it	it;
	struct find	q;
	unsigned char	last[LIMIT_PATH];
	size_t		nlast = 0;
	uint64_t	stamp, below = 0;
	enum err	e;
	bool		cut = false, rises = true, early = false;

	node_begin(&it, shared);
	node_build(&b, cx->mem, it.level);
	while (node_step(&it)) {
		early = early || cut;
		rises = rises && (it.index == 1 || str_cmp(node_key(&it),
		    (struct str){ (char *)last, nlast }) > 0);
		memcpy(last, it.key, it.nkey);
		nlast = it.nkey;
		below += it.below;
		cut = it.level == 0 ?
		    node_add_value(&b, node_key(&it), it.value) :
		    node_add_child(&b, node_key(&it), &it.child, it.below);
	}
	if (!rises || it.bad || early || (!cut && !rightmost) ||
	    below != node_entries(n))
		problem(f, "I10", "tree node %s: %s", oid_hex(&n->id).z,
		    !rises ? "keys do not rise" : below != node_entries(n) ?
		    "its count is wrong" : "it is not cut where the keys say");
	if ((e = find(cx, f, key_stamp(cx, &n->id), &q)) != OK)
		return e;
	if (!q.there || !take_be64(&q.value, &stamp) || stamp > f->gs.epoch)
		problem(f, "I12", "tree node %s has no valid stamp",
		    oid_hex(&n->id).z);
	return OK;
}

static enum err
check_commit(struct cx *cx, struct mark *m, const struct uid *ruid,
    const struct commit *c)
{
	struct fsck	*f = m->arg;
	struct commit	 p;
	struct find	 q;
	uint64_t	 most = 0, doom;
	size_t		 i;
	enum err	 e;

	if ((e = find(cx, f, key_commit(cx, ruid, oid_str(&c->id)),
	    &q)) != OK)
		return e;
	if (!q.there)
		problem(f, "I13", "commit %s does not have the hash that "
		    "names it", oid_hex(&c->id).z);
	for (i = 0; i < c->n_parents; i++) {
		if ((e = find(cx, f, key_commit(cx, ruid,
		    oid_str(&c->parents[i])), &q)) != OK)
			return e;
		if (!q.there || commit_parse(cx, q.value, &p) != OK)
			continue;	/* I8 says so */
		if (p.generation > most)
			most = p.generation;
	}
	if (c->generation != most + 1)
		problem(f, "I13", "commit %s has generation %llu, its parents "
		    "at most %llu", oid_hex(&c->id).z,
		    (unsigned long long)c->generation,
		    (unsigned long long)most);
	if ((e = find(cx, f, key_doom(cx, ruid, &c->id), &q)) != OK)
		return e;
	if (q.there && take_be64(&q.value, &doom) && doom <= f->gs.floor)
		problem(f, "I19", "commit %s is condemned and named",
		    oid_hex(&c->id).z);
	return OK;
}

/* ---- records: I2, I5, I7, I14, I15 ------------------------------------- */

struct branch_check {
	struct fsck	*f;
	struct branch	 br;
	struct uid	 ruid;
	uint64_t	 seq;
	int64_t		 time;
	struct oid	 new;
	size_t		 rows;
};

static enum err
row_area(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct branch_check	*b = arg;
	uint64_t		 area;

	(void)cx;
	(void)value;
	key = str_from(key, 1 + sizeof(struct uid));
	if (take_be64(&key, &area) && area > b->br.open)
		problem(b->f, "I2", "branch \"%.*s\": a row in area %llu, "
		    "open is %llu", STRF(b->br.name),
		    (unsigned long long)area, (unsigned long long)b->br.open);
	return OK;
}

static enum err
row_head(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct branch_check	*b = arg;
	struct headmove		 mv;
	uint64_t		 seq;

	key = str_from(key, key.n - 8);
	if (!take_be64(&key, &seq) || headmove_parse(cx, value, &mv) != OK) {
		problem(b->f, "I7", "head log of \"%.*s\": a row cannot be "
		    "read", STRF(b->br.name));
		cx_forget(cx);
		return OK;
	}
	if (b->rows > 0 && (seq != b->seq + 1 || mv.time < b->time))
		problem(b->f, "I7", "head log of \"%.*s\": row %llu is out of "
		    "order", STRF(b->br.name), (unsigned long long)seq);
	b->rows++;
	b->seq = seq;
	b->time = mv.time;
	b->new = mv.new;
	return OK;
}

static enum err
check_names(struct cx *cx, struct branch_check *b)
{
	struct find	q;
	struct oid	id;
	enum err	e;

	if ((e = find(cx, b->f, key_tag(cx, &b->ruid, b->br.name), &q)) != OK)
		return e;
	if (q.there)
		problem(b->f, "I14", "\"%.*s\" is a branch and a tag",
		    STRF(b->br.name));
	if (!name_is_commit_id(b->br.name) || !oid_parse(b->br.name, &id))
		return OK;
	if ((e = find(cx, b->f, key_commit(cx, &b->ruid, oid_str(&id)),
	    &q)) != OK)
		return e;
	if (q.there)
		problem(b->f, "I14", "\"%.*s\" is a branch and a commit id",
		    STRF(b->br.name));
	return OK;
}

static enum err
check_branch(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct branch_check	 b = { .f = arg };
	const struct cut	*cut = &b.br.cut;
	enum err		 e;

	if (branch_parse(cx, value, &b.br) != OK) {
		problem(arg, "I8", "a branch record cannot be read");
		cx_forget(cx);
		return OK;
	}
	memcpy(b.ruid.b, key.p + 1, sizeof b.ruid);
	b.br.name = str_from(key, 1 + sizeof b.ruid);
	if (b.br.low < 1 || b.br.low > b.br.open)
		problem(arg, "I2", "branch \"%.*s\": low %llu, open %llu",
		    STRF(b.br.name), (unsigned long long)b.br.low,
		    (unsigned long long)b.br.open);
	if (cut->live && (cut->upto >= b.br.open ||
	    cut->known != (b.br.low > cut->upto)))
		problem(arg, "I5", "branch \"%.*s\": its cut does not fit",
		    STRF(b.br.name));
	if ((e = rows_each(cx, b.f->eng->kv, key_rows(cx, &b.br.uid), true,
	    row_area, &b)) != OK ||
	    (e = rows_each(cx, b.f->eng->kv, key_heads(cx, &b.ruid, b.br.name),
	    false, row_head, &b)) != OK)
		return e;
	if (b.rows == 0 || !oid_is(&b.new, &b.br.head))
		problem(arg, "I7", "branch \"%.*s\": the head log does not "
		    "end at the head", STRF(b.br.name));
	return check_names(cx, &b);
}

struct uid_search {
	struct uid	uid;
	bool		found;
};

static enum err
same_uid(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct uid_search	*s = arg;
	struct branch		 br;

	(void)key;
	if (branch_parse(cx, value, &br) == OK && uid_is(&br.uid, &s->uid))
		s->found = true;
	return OK;
}

static enum err
check_upload(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct fsck		*f = arg;
	struct uid_search	 s = { .found = false };
	struct find		 q;
	enum err		 e;

	(void)value;
	memcpy(s.uid.b, key.p + 1, sizeof s.uid);
	if ((e = rows_each(cx, f->eng->kv, key_letter(cx, 'B'), false, same_uid,
	    &s)) != OK ||
	    (e = find(cx, f, key_reap(cx, 'B', &s.uid), &q)) != OK)
		return e;
	if (!s.found && !q.there)
		problem(f, "I15", "an upload belongs to no branch");
	return OK;
}

/* ---- blocks ------------------------------------------------------------ */

static enum err
count_file(struct cx *cx, const struct uid *id, uint64_t size, void *arg)
{
	struct fsck	*f = arg;

	(void)cx;
	(void)size;
	f->r->blocks++;
	if (block_id_epoch(id) > f->gs.epoch)
		problem(f, "I12", "a block file is of a later epoch");
	return OK;
}

static enum err
count_small(struct cx *cx, struct str key, struct str value, void *arg)
{
	(void)cx;
	(void)key;
	(void)value;
	((struct fsck *)arg)->r->blocks++;
	return OK;
}

static enum err
count_dead(struct cx *cx, struct str key, struct str value, void *arg)
{
	(void)cx;
	(void)key;
	(void)value;
	((struct fsck *)arg)->r->garbage++;
	return OK;
}

enum err
fsck_run(struct cx *cx, struct engine *eng, const struct fsck_opts *opt,
    struct fsck_report *out)
{
	struct fsck	f = { .eng = eng, .opt = opt, .r = out };
	enum err	e;

	memset(out, 0, sizeof *out);
	if ((e = gc_state_read(cx, eng->kv, &f.gs)) != OK)
		return e;
	if (f.gs.floor > f.gs.epoch)
		problem(&f, "I12", "gc: the floor is above the epoch");
	mark_init(&f.m, eng);
	f.m.arg = &f;
	f.m.entry = check_entry;
	f.m.missing = missing;
	f.m.commit = check_commit;
	f.m.node = check_node;
	f.m.progress = opt->progress;
	f.m.progress_arg = opt->arg;
	e = mark_roots(cx, &f.m);
	if (opt->progress != NULL)
		opt->progress(opt->arg, "checking records", f.m.n, 0);
	if (e == OK)
		e = rows_each(cx, eng->kv, key_letter(cx, 'B'), false,
		    check_branch, &f);
	if (e == OK)
		e = rows_each(cx, eng->kv, key_letter(cx, 'U'), true,
		    check_upload, &f);
	if (e == OK)
		e = block_each(cx, eng->block, count_file, &f);
	if (e == OK)
		e = rows_each(cx, eng->kv, key_letter(cx, 'y'), true,
		    count_small, &f);
	if (e == OK)
		e = rows_each(cx, eng->kv, key_letter(cx, 'X'), true,
		    count_dead, &f);
	out->commits = f.m.commits;
	out->nodes = f.m.nodes;
	out->entries = f.m.entries;
	mark_release(&f.m);
	return e;
}
