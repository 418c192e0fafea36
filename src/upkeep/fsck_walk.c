/* What fsck checks on the way down from the roots: I8, I10 to I13, I17, I19. */
#include "upkeep/fsck_inside.h"

#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/enc.h"
#include "base/limit.h"
#include "lake/block_id.h"
#include "lake/keys.h"

static enum err
fsck_on_missing(struct cx *cx, struct mark *m)
{
	fsck_found(m->arg, "I8", "%s", cx->words);
	cx_forget(cx);
	return OK;
}

static enum err
fsck_check_extent(struct cx *cx, struct fsck *f, struct str path,
    const struct entry_extent *x)
{
	struct str	bytes;
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
		if ((e = kv_get(cx, f->eng->kv, key_small(cx, &x->block),
		    &bytes, &there)) != OK)
			return e;
		size = there ? bytes.n : 0;
	}
	if (!there) {
		fsck_found(f, "I8", "\"%.*s\": block %s is missing", STRF(path),
		    hex);
		f->lacking += block_id_is_file(&x->block);
	}
	else if (x->off > size || x->len > size - x->off)
		fsck_found(f, "I17", "\"%.*s\": block %s has %llu bytes, "
		    "%llu at %llu are named", STRF(path), hex,
		    (unsigned long long)size, (unsigned long long)x->len,
		    (unsigned long long)x->off);
	if (block_id_epoch(&x->block) > f->gs.epoch)
		fsck_found(f, "I12", "block %s is of a later epoch", hex);
	return OK;
}

/* The bytes still have the MD5 that is their ETag. */
static enum err
fsck_check_bytes(struct cx *cx, struct fsck *f, struct str path,
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
		fsck_found(f, "I11", "\"%.*s\": the bytes are not those of "
		    "ETag %.*s", STRF(path), STRF(en->etag));
	if (e != OK)
		cx_forget(cx);
	return OK;
}

/* What is the newest that is there, and that is not? */
static void
fsck_date(struct fsck *f, const struct entry *en, bool lacks)
{
	int64_t	*newest = lacks ? &f->newest_lacking : &f->newest_whole;

	if (en->n_extents > 0 && block_id_is_file(&en->extents[0].block) &&
	    en->mtime > *newest)
		*newest = en->mtime;
}

static enum err
fsck_check_entry(struct cx *cx, struct mark *m, struct str path,
    const struct entry *en)
{
	struct arena_mark	back = arena_mark(cx->mem);
	struct fsck		*f = m->arg;
	uint64_t		 sum = 0, lacking = f->lacking;
	size_t			 i;
	enum err		 e = OK;

	for (i = 0; e == OK && i < en->n_extents; i++) {
		sum += en->extents[i].len;
		e = fsck_check_extent(cx, f, path, &en->extents[i]);
	}
	fsck_date(f, en, f->lacking > lacking);
	/* A manifest comes alone, without the entry's size. */
	if (path.n > 0 && !en->has_manifest && sum != en->size)
		fsck_found(f, "I11", "\"%.*s\": extents have %llu bytes, the "
		    "entry %llu", STRF(path), (unsigned long long)sum,
		    (unsigned long long)en->size);
	if (e == OK && f->opt->deep && path.n > 0 && !en->has_manifest)
		e = fsck_check_bytes(cx, f, path, en);
	arena_back(cx->mem, back);
	return e;
}

static enum err
fsck_check_node(struct cx *cx, struct mark *m, const struct node *n,
    bool rightmost)
{
	struct fsck	*f = m->arg;
	struct node_builder b = { .p = NULL };
	struct node	*shared = (struct node *)(uintptr_t)n;
	struct node_it	it;
	struct str	v;
	unsigned char	last[LIMIT_PATH];
	size_t		nlast = 0;
	uint64_t	stamp, below = 0;
	enum err	e;
	bool		cut = false, fits = true, early = false, there;

	node_begin(&it, shared);
	node_build(&b, cx->mem, it.level);
	while (node_step(&it)) {
		early = early || cut;
		fits = fits && node_may_follow(&it,
		    (struct str){ (char *)last, nlast });
		memcpy(last, it.key, it.nkey);
		nlast = it.nkey;
		below += it.below;
		if (early || !fits)
			continue;
		cut = it.level == 0 ?
		    node_add_value(&b, node_key(&it), it.value) :
		    node_add_child(&b, node_key(&it), &it.child, it.below);
	}
	if (!fits || it.bad || early || (!cut && !rightmost) ||
	    below != node_entries(n))
		fsck_found(f, "I10", "tree node %s: %s", oid_hex(&n->id).z,
		    !fits ? "keys do not rise, or an item has a size that no "
		    "item has" : below != node_entries(n) ?
		    "its count is wrong" : "it is not cut where the keys say");
	if ((e = kv_get(cx, f->eng->kv, key_stamp(cx, &n->id), &v,
	    &there)) != OK)
		return e;
	if (!there || !take_be64(&v, &stamp) || stamp > f->gs.epoch)
		fsck_found(f, "I12", "tree node %s has no valid stamp",
		    oid_hex(&n->id).z);
	return OK;
}

static enum err
fsck_check_commit(struct cx *cx, struct mark *m, const struct uid *ruid,
    const struct commit *c)
{
	struct fsck	*f = m->arg;
	struct commit	 p;
	struct str	 v;
	uint64_t	 most = 0, doom;
	size_t		 i;
	enum err	 e;
	bool		 there;

	if ((e = kv_get(cx, f->eng->kv, key_commit(cx, ruid, oid_str(&c->id)),
	    &v, &there)) != OK)
		return e;
	if (!there)
		fsck_found(f, "I13", "commit %s does not have the hash that "
		    "names it", oid_hex(&c->id).z);
	for (i = 0; i < c->n_parents; i++) {
		if ((e = kv_get(cx, f->eng->kv, key_commit(cx, ruid,
		    oid_str(&c->parents[i])), &v, &there)) != OK)
			return e;
		if (!there || commit_parse(cx, v, &p) != OK)
			continue;	/* I8 says so */
		if (p.generation > most)
			most = p.generation;
	}
	if (c->generation != most + 1)
		fsck_found(f, "I13", "commit %s has generation %llu, its "
		    "parents at most %llu", oid_hex(&c->id).z,
		    (unsigned long long)c->generation,
		    (unsigned long long)most);
	if ((e = kv_get(cx, f->eng->kv, key_doom(cx, ruid, &c->id), &v,
	    &there)) != OK)
		return e;
	if (there && take_be64(&v, &doom) && doom <= f->gs.floor)
		fsck_found(f, "I19", "commit %s is condemned and named",
		    oid_hex(&c->id).z);
	return OK;
}

enum err
fsck_walk(struct cx *cx, struct fsck *f)
{
	enum err	e;

	mark_init(&f->m, f->eng);
	f->m.arg = f;
	f->m.entry = fsck_check_entry;
	f->m.on_missing = fsck_on_missing;
	f->m.commit = fsck_check_commit;
	f->m.node = fsck_check_node;
	f->m.progress = f->opt->progress;
	f->m.progress_arg = f->opt->arg;
	e = mark_roots(cx, &f->m);
	f->r->commits = f->m.commits;
	f->r->nodes = f->m.nodes;
	f->r->entries = f->m.entries;
	mark_release(&f->m);
	return e;
}
