/* What fsck checks on the way down from the roots: I8, I10 to I13, I17, I19. */
#include "upkeep/fsck_inside.h"

#include <string.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/limit.h"
#include "lake/block_id.h"
#include "lake/keys.h"
#include "upkeep/rows.h"

enum { TRIES = 20 };		/* of one root, beside one gc after another */

/* The record that the walk began at, in words. */
static struct str
fsck_root_words(struct cx *cx, const struct fsck *f)
{
	struct str	name = str_from(f->root, 1 + sizeof(struct uid));

	switch (f->root.p[0]) {
	case 'B':
		return str_printf(cx->mem, "branch \"%.*s\"", STRF(name));
	case 'T':
		return str_printf(cx->mem, "tag \"%.*s\"", STRF(name));
	case 'H':
		name = str_to(name, str_find(name, '\0'));
		return str_printf(cx->mem, "head log of \"%.*s\"", STRF(name));
	case 'P':
		return STR("a part of an upload");
	default:
		return STR("a staged change");
	}
}

static enum err
fsck_on_missing(struct cx *cx, struct mark *m)
{
	struct str	words = str_dup(cx->mem, str_of(cx->words));
	struct str	root = fsck_root_words(cx, m->arg);

	return fsck_found_gone(cx, m->arg, "I8", "%.*s" FSCK_ROOT " (%.*s)",
	    STRF(words), STRF(root));
}

static enum err
fsck_block(struct cx *cx, struct fsck *f, const struct uid *id,
    uint64_t *size, bool *there)
{
	struct str	bytes;
	enum err	e;

	if (block_id_is_file(id))
		return block_size(cx, f->eng->block, id, size, there);
	e = kv_get(cx, f->eng->kv, key_small(cx, id), &bytes, there);
	if (e == E_CORRUPT) {
		cx_forget(cx);
		*there = false;
		e = OK;
	}
	*size = e == OK && *there ? bytes.n : 0;
	return e;
}

static enum err
fsck_look_at_block(struct cx *cx, struct fsck *f, struct str path,
    const struct entry_extent *x, bool *there)
{
	uint64_t	size = 0;
	char		hex[33];
	enum err	e;

	enc_hex(hex, x->block.b, sizeof x->block.b);
	if ((e = fsck_block(cx, f, &x->block, &size, there)) != OK)
		return e;
	if (!*there) {
		e = fsck_found_gone(cx, f, "I8", "\"%.*s\": block %s is "
		    "missing" FSCK_ROOT " (%.*s)", STRF(path), hex,
		    STRF(fsck_root_words(cx, f)));
		f->lacking += e == OK && !f->overtaken &&
		    block_id_is_file(&x->block);
		return e;
	}
	if (x->off > size || x->len > size - x->off)
		fsck_found(f, "I17", "\"%.*s\": block %s has %llu bytes, "
		    "%llu at %llu are named", STRF(path), hex,
		    (unsigned long long)size, (unsigned long long)x->len,
		    (unsigned long long)x->off);
	return OK;
}

static enum err
fsck_check_extent(struct cx *cx, struct fsck *f, struct str path,
    const struct entry_extent *x, bool *there)
{
	char		hex[33];
	enum err	e;
	bool		later;

	if ((e = fsck_found_later(cx, f, block_id_epoch(&x->block),
	    &later)) != OK)
		return e;
	if (later) {
		enc_hex(hex, x->block.b, sizeof x->block.b);
		fsck_found(f, "I12", "block %s is of a later epoch", hex);
	}
	*there = true;
	if (f->opt->deep || (f->again && fsck_blocks_doubted(f, &x->block)))
		return fsck_look_at_block(cx, f, path, x, there);
	return f->again ? OK : fsck_blocks_add(cx, f, x);
}

/* The extents sum to the size; and with --deep, the bytes are right. */
static enum err
fsck_check_whole(struct cx *cx, struct fsck *f, struct str path,
    const struct entry *en)
{
	struct str	words;
	uint64_t	sum = 0;
	size_t		i;
	enum err	e;

	for (i = 0; i < en->n_extents; i++)
		sum += en->extents[i].len;
	if (sum != en->size) {
		fsck_found(f, "I11", "\"%.*s\": extents have %llu bytes, the "
		    "entry %llu", STRF(path), (unsigned long long)sum,
		    (unsigned long long)en->size);
		return OK;
	}
	if (!f->opt->deep)
		return OK;
	if (f->read++ % 256 == 0)
		fsck_progress(f, "reading objects", f->read);
	if ((e = fsck_bytes(cx, f, path, en)) == OK)
		return OK;
	words = str_dup(cx->mem, str_of(cx->words));
	return fsck_found_gone(cx, f, "I11", "\"%.*s\": the bytes cannot be "
	    "read: %.*s", STRF(path), STRF(words));
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

/* A manifest comes alone, with path "": its blocks are looked for once. */
static enum err
fsck_entry(struct cx *cx, struct fsck *f, struct str path, struct entry *en)
{
	struct str	v;
	uint64_t	lacking = f->lacking;
	size_t		i;
	enum err	e = OK;
	bool		there, whole = true;

	for (i = 0; e == OK && i < en->n_extents; i++) {
		e = fsck_check_extent(cx, f, path, &en->extents[i], &there);
		whole = whole && there;
	}
	if (whole || f->lacking > lacking)
		fsck_date(f, en, !whole);
	if (e != OK || path.n == 0 || !whole)
		return e;
	if (en->has_manifest && !fault_skip("DEEP_MANIFEST")) {
		e = fsck_ahead_get_manifest(cx, f, &en->manifest, &v, &there);
		if (e != OK && e != E_CORRUPT)
			return e;
		if (e != OK || !there ||
		    entry_manifest_parse(cx, v, en) != OK) {
			cx_forget(cx);
			return OK;	/* I8 says so */
		}
	} else if (en->has_manifest)
		return OK;
	return fsck_check_whole(cx, f, path, en);
}

static enum err
fsck_check_entry(struct cx *cx, struct mark *m, struct str path,
    const struct entry *en)
{
	struct arena_mark	back = arena_mark(cx->mem);
	struct entry		whole = *en;
	enum err		e;

	e = fsck_entry(cx, m->arg, path, &whole);
	arena_back(cx->mem, back);
	return e;
}

struct stamp_look {
	struct str	key;
	struct gc_state	gs;
	bool		good;
};

static enum err
fsck_stamp_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct stamp_look	*l = arg;
	struct str		 v;
	uint64_t		 stamp;
	enum err		 e;
	bool			 there;

	if ((e = gc_state_find(cx, tx, &l->gs)) != OK ||
	    (e = kv_find(cx, tx, l->key, &v, &there)) != OK)
		return e;
	l->good = there && take_be64(&v, &stamp) && stamp <= l->gs.epoch;
	return OK;
}

static enum err
fsck_check_stamp(struct cx *cx, struct fsck *f, const struct oid *id)
{
	struct stamp_look	l = { .key = key_stamp(cx, id) };
	enum err		e;

	if ((e = kv_read(cx, f->eng->kv, fsck_stamp_fn, &l)) != OK || l.good)
		return e;
	return fsck_found_gone(cx, f, "I12", "tree node %s has no valid stamp",
	    oid_hex(id).z);
}

/* Where items end, as the bytes have it, and whether the node ends where the
 * keys say. */
struct node_look {
	unsigned char	last[LIMIT_PATH];
	size_t		nlast;
	uint64_t	below;
	bool		cut, early, fits, restarts;
};

static void
fsck_node_item(struct node_look *l, const struct node_it *it, size_t from)
{
	l->early = l->early || l->cut;
	l->fits = l->fits && node_may_follow(it,
	    (struct str){ (char *)l->last, l->nlast });
	memcpy(l->last, it->key, it->nkey);
	l->nlast = it->nkey;
	l->below += it->below;
	l->cut = it->index >= 2 && node_cut(node_key(it), it->level,
	    from - NODE_HEADER, it->off - NODE_HEADER);
}

static enum err
fsck_check_node(struct cx *cx, struct mark *m, const struct node *n,
    bool rightmost)
{
	struct fsck	*f = m->arg;
	struct node	*shared = (struct node *)(uintptr_t)n;
	struct node_look l = { .fits = true };
	struct node_it	it;
	size_t		from = NODE_HEADER;
	enum err	e;

	node_begin(&it, shared);
	if (it.level == 1)
		fsck_ahead_begin(f);
	for (; node_step(&it); from = it.off) {
		fsck_node_item(&l, &it, from);
		if (it.level == 1)
			fsck_ahead_want(f, &it.child);
	}
	if (!l.fits || it.bad || l.early || (!l.cut && !rightmost) ||
	    l.below != node_entries(n))
		fsck_found(f, "I10", "tree node %s: %s", oid_hex(&n->id).z,
		    !l.fits ? "keys do not rise, or an item has a size that no "
		    "item has" : l.below != node_entries(n) ?
		    "its count is wrong" : "it is not cut where the keys say");
	if (!f->stamped && (e = fsck_check_stamp(cx, f, &n->id)) != OK)
		return e;
	return it.level == 1 ? fsck_ahead_read(cx, f) : OK;
}

struct parents_look {
	const struct uid	*ruid;
	const struct commit	*c;
	bool			 whole;		/* they are there */
	uint64_t		 most;		/* of their generations */
	int64_t			 latest;	/* of their orders */
};

static enum err
fsck_parents_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct parents_look	*l = arg;
	struct commit		 p;
	struct str		 v;
	size_t			 i;
	enum err		 e;
	bool			 there;

	l->most = 0;
	l->latest = 0;
	l->whole = true;
	for (i = 0; i < l->c->n_parents; i++) {
		e = kv_find(cx, tx, key_commit(cx, l->ruid,
		    oid_str(&l->c->parents[i])), &v, &there);
		if (e != OK && e != E_CORRUPT)
			return e;
		if (e != OK || !there || commit_parse(cx, v, &p) != OK) {
			cx_forget(cx);
			l->whole = false;	/* I8 says so */
			continue;
		}
		if (p.generation > l->most)
			l->most = p.generation;
		if (commit_latest(&p) > l->latest)
			l->latest = commit_latest(&p);
	}
	return OK;
}

/* From what was read ahead, if all of them were. */
static enum err
fsck_parents(struct cx *cx, struct fsck *f, struct parents_look *l)
{
	struct arena_mark	back = arena_mark(cx->mem);
	uint64_t		generation;
	int64_t			latest;
	size_t			i;
	enum err		e;

	l->whole = true;
	for (i = 0; i < l->c->n_parents; i++) {
		if (!fsck_ahead_generation(f, &l->c->parents[i], &generation,
		    &latest))
			break;
		if (generation > l->most)
			l->most = generation;
		if (latest > l->latest)
			l->latest = latest;
	}
	if (i == l->c->n_parents)
		return OK;
	e = kv_read(cx, f->eng->kv, fsck_parents_fn, l);
	arena_back(cx->mem, back);
	return e;
}

static enum err
fsck_check_commit(struct cx *cx, struct mark *m, const struct uid *ruid,
    const struct commit *c)
{
	struct parents_look	 l = { .ruid = ruid, .c = c };
	struct fsck		*f = m->arg;
	enum err		 e;

	if (!oid_is(&f->commit, &c->id) && (e = fsck_found_gone(cx, f, "I13",
	    "commit %s does not have the hash that names it",
	    oid_hex(&f->commit).z)) != OK)
		return e;
	if ((e = fsck_parents(cx, f, &l)) != OK)
		return e;
	if (l.whole && c->generation != l.most + 1)
		fsck_found(f, "I13", "commit %s has generation %llu, its "
		    "parents at most %llu", oid_hex(&c->id).z,
		    (unsigned long long)c->generation,
		    (unsigned long long)l.most);
	if (l.whole && c->order > 0 && c->order < l.latest)
		fsck_found(f, "I13", "commit %s is in order before a parent",
		    oid_hex(&c->id).z);
	return f->doomed ? fsck_found_gone(cx, f, "I19", "commit %s is "
	    "condemned and named", oid_hex(&c->id).z) : OK;
}

struct root_look {
	struct str	key, value;
	struct gc_state	gs;
	bool		there, unreadable;
};

static enum err
fsck_root_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct root_look	*l = arg;
	enum err		 e;

	if ((e = gc_state_find(cx, tx, &l->gs)) != OK)
		return e;
	e = kv_find(cx, tx, l->key, &l->value, &l->there);
	l->unreadable = e == E_CORRUPT;
	if (!l->unreadable)
		return e;
	cx_forget(cx);
	return OK;
}

/* A row that is none; true: it was told. */
static bool
fsck_check_row(struct fsck *f, struct str key, struct str value)
{
	struct str	path = str_from(key, 1 + sizeof(struct uid) + 8);

	if (path.n > 0 && path.n <= LIMIT_PATH && value.n > 0)
		return false;
	fsck_found(f, "I8", "a staged change of a path of %zu bytes cannot be "
	    "read: \"%.*s\"", path.n, (int)(path.n < 100 ? path.n : 100),
	    path.p);
	return true;
}

/* Walk from a root as it was in a snapshot with this gc record. */
static enum err
fsck_root_once(struct cx *cx, struct fsck *f, const struct root_look *l)
{
	f->gs = l->gs;
	f->root = l->key;
	f->overtaken = false;
	if (l->unreadable) {
		fsck_found(f, "I8", "the value of a record of kind %c is "
		    "missing", l->key.p[0]);
		return OK;
	}
	if (l->key.p[0] == 'r' && fsck_check_row(f, l->key, l->value))
		return OK;
	return mark_root(cx, &f->m, l->key, l->value);
}

/*
 * When gc was faster than the walk, once more from the root as it is now, and
 * whatever else had been seen is looked at anew: what is missing below this
 * root may be below the next one, too.
 */
static enum err
fsck_root(struct cx *cx, struct fsck *f, struct str key, struct str value,
    const struct gc_state *gs)
{
	struct arena_mark	 back = arena_mark(cx->mem);
	struct root_look	 l = { .key = key, .value = value, .gs = *gs };
	enum err		 e;
	int			 i;

	for (i = 0; i < TRIES; i++) {
		if (i == 0 && value.p != NULL)
			l.there = true;
		else if ((e = kv_read(cx, f->eng->kv, fsck_root_fn, &l)) != OK)
			return e;
		if (!l.there && !l.unreadable)
			return OK;
		e = fsck_root_once(cx, f, &l);
		arena_back(cx->mem, back);
		if (e != OK || !f->overtaken)
			return e;
		mark_forget(&f->m);
	}
	return fail(cx, E_BUSY, "garbage collection ran %d times while fsck "
	    "looked at one record: run fsck again when none runs", TRIES);
}

/*
 * Names move from parts to rows, from rows to trees, and every head is in the
 * head log: in this order none is missed.
 */
static enum err
fsck_walk_once(struct cx *cx, struct fsck *f)
{
	static const char	order[] = "PrBTH";
	size_t			i;
	enum err		e = OK;

	mark_init(&f->m, f->eng);
	f->m.arg = f;
	f->m.entry = fsck_check_entry;
	f->m.on_missing = fsck_on_missing;
	f->m.commit = fsck_check_commit;
	f->m.node = fsck_check_node;
	f->m.get_node = fsck_ahead_get_node;
	f->m.get_record = fsck_ahead_get_record;
	f->m.progress = f->opt->progress;
	f->m.progress_arg = f->opt->arg;
	/* What is kept, and not what a process remembers of it. */
	f->m.trees.cache = node_cache_open(0);
	for (i = 0; e == OK && order[i] != '\0'; i++)
		e = fsck_rows(cx, f, order[i], fsck_root);
	if (e == OK)
		e = fsck_blocks_settle(cx, f);
	f->r->commits = f->m.commits;
	f->r->nodes = f->m.nodes;
	f->r->entries = f->m.entries;
	node_cache_close(f->m.trees.cache);
	mark_release(&f->m);
	return e;
}

enum err
fsck_walk(struct cx *cx, struct fsck *f)
{
	enum err	e;

	f->ahead = fsck_ahead_open();
	f->blocks = fsck_blocks_open();
	e = fsck_walk_once(cx, f);
	if (e == OK && fsck_blocks_in_doubt(f)) {
		f->again = true;
		f->newest_whole = 0;	/* nobody had looked */
		e = fsck_walk_once(cx, f);
	}
	fsck_blocks_close(f->blocks);
	fsck_ahead_close(f->ahead);
	return e;
}
