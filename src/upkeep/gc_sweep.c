/*
 * Sweep: what was condemned goes.  Each deletion looks again in its
 * transaction.
 */
#include "upkeep/gc_inside.h"

#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "lake/block_id.h"
#include "lake/keys.h"
#include "upkeep/lease.h"

static enum err
sweep_commit_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc	*gc = arg;
	struct gc_state	 gs;
	struct str	 v;
	uint64_t	 doom;
	size_t		 i;
	enum err	 e;
	bool		 there;

	if ((e = gc_state_find(cx, tx, &gs)) != OK)
		return e;
	for (i = 0; i < gc->n; i++) {
		if ((e = kv_find(cx, tx, gc->keys[i], &v, &there)) != OK)
			return e;
		if (!there || !take_be64(&v, &doom) || doom > gs.floor)
			continue;
		if ((e = kv_delete(cx, tx,
		    gc_cycle_twin(cx, gc->keys[i], 'C'))) != OK ||
		    (e = kv_delete(cx, tx, gc->keys[i])) != OK)
			return e;
	}
	return OK;
}

static enum err
sweep_commit(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct gc	*gc = arg;

	(void)value;
	if (!key_is_whole(key))
		return OK;
	if (mark_has(&gc->m, GREY_COMMIT, str_from(key, 1)))
		return OK;
	gc->r->commits++;
	return gc_cycle_add(cx, gc, key);
}

static enum err
sweep_node_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc	*gc = arg;
	struct str	 v;
	struct oid	 id;
	uint64_t	 stamp;
	size_t		 i;
	enum err	 e;
	bool		 there;

	for (i = 0; i < gc->n; i++) {
		if ((e = kv_find(cx, tx, gc->keys[i], &v, &there)) != OK)
			return e;
		/* A fold may have stamped it anew since we looked. */
		if (!there || !take_be64(&v, &stamp) ||
		    (stamp >= gc->epoch && !fault_skip("SWEEP_LOOK")))
			continue;
		memcpy(id.b, gc->keys[i].p + 1, sizeof id);
		if ((e = kv_delete(cx, tx, key_stamp(cx, &id))) != OK ||
		    (e = kv_delete(cx, tx, key_node(cx, &id))) != OK)
			return e;
	}
	return OK;
}

static enum err
sweep_node(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct gc	*gc = arg;
	uint64_t	 stamp;

	if (!key_is_whole(key))
		return OK;
	if (mark_has(&gc->m, GREY_NODE, str_from(key, 1)) ||
	    !take_be64(&value, &stamp) || stamp >= gc->epoch)
		return OK;
	gc->r->nodes++;
	return gc_cycle_add(cx, gc, key);
}

/* Their ids are never used twice.  [I12] */
static enum err
sweep_manifest_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc	*gc = arg;
	size_t		 i;
	enum err	 e = OK;

	for (i = 0; e == OK && i < gc->n; i++)
		e = kv_delete(cx, tx, gc->keys[i]);
	return e;
}

/* A block, in a file or not, is dead from now on: readers may have it open. */
static enum err
sweep_block_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc	*gc = arg;
	struct str	 v;
	struct buf	 b;
	size_t		 i;
	enum err	 e;
	bool		 there;

	for (i = 0; i < gc->n; i++) {
		if ((e = kv_find(cx, tx, gc->keys[i], &v, &there)) != OK)
			return e;
		if (there)
			continue;
		buf_init(&b, cx->mem, 16);
		buf_be64(&b, (uint64_t)cx->now);
		if ((e = kv_put(cx, tx, gc->keys[i], &b)) != OK)
			return e;
	}
	return OK;
}

static enum err
sweep_small(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct gc	*gc = arg;
	struct uid	 id;

	(void)value;
	if (!key_is_whole(key))
		return OK;
	memcpy(id.b, key.p + 1, sizeof id);
	if ((block_id_epoch(&id) >= gc->epoch && !fault_skip("SWEEP_EPOCH")) ||
	    bloom_has(&gc->bloom, &id))
		return OK;
	return gc_cycle_add(cx, gc, key_dead(cx, &id));
}

static enum err
sweep_manifest(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct gc	*gc = arg;
	struct uid	 id;

	(void)value;
	if (!key_is_whole(key))
		return OK;
	memcpy(id.b, key.p + 1, sizeof id);
	if (block_id_epoch(&id) >= gc->epoch ||
	    mark_has(&gc->m, GREY_MANIFEST, uid_str(&id)))
		return OK;
	return gc_cycle_add(cx, gc, key);
}

static enum err
sweep_file(struct cx *cx, const struct uid *id, uint64_t size, void *arg)
{
	struct gc	*gc = arg;

	(void)size;
	if (block_id_epoch(id) >= gc->epoch ||
	    bloom_has(&gc->bloom, id))
		return OK;
	return gc_cycle_add(cx, gc, key_dead(cx, id));
}

/* With the row goes the block, unless it was a file. */
static enum err
sweep_dead_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc	*gc = arg;
	struct uid	 id;
	size_t		 i;
	enum err	 e;

	for (i = 0; i < gc->n; i++) {
		memcpy(id.b, gc->keys[i].p + 1, sizeof id);
		if ((!block_id_is_file(&id) &&
		    (e = kv_delete(cx, tx, key_small(cx, &id))) != OK) ||
		    (e = kv_delete(cx, tx, gc->keys[i])) != OK)
			return e;
	}
	return OK;
}

/* Unless a backup is under way: then it waits for the next gc. */
static enum err
sweep_unlink(struct cx *cx, struct gc *gc, const struct uid *id, bool *gone)
{
	uint64_t	size;
	enum err	e;
	bool		there;

	*gone = lease_enter(gc->lease);
	if (!*gone) {
		gc->r->waiting++;
		return OK;
	}
	if ((e = block_size(cx, gc->eng->block, id, &size, &there)) == OK)
		e = block_delete(cx, gc->eng->block, id);
	lease_leave(gc->lease);
	if (e == OK)
		gc->r->bytes += size;
	return e;
}

/* Dead for longer than the grace: first the file, then the row.  [I20] */
static enum err
sweep_dead(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct gc	*gc = arg;
	struct uid	 id;
	uint64_t	 since;
	enum err	 e = OK;
	bool		 gone = true;

	if (!key_is_whole(key))
		return OK;
	memcpy(id.b, key.p + 1, sizeof id);
	if (!take_be64(&value, &since)) {
		gc->r->unreadable++;
		return OK;
	}
	if ((int64_t)since + gc->opt->grace > cx->now &&
	    (block_id_is_file(&id) || !fault_skip("SMALL_GRACE")))
		return OK;
	if (block_id_is_file(&id))
		e = sweep_unlink(cx, gc, &id, &gone);
	if (e != OK || !gone)
		return e;
	gc->r->blocks++;
	return gc_cycle_add(cx, gc, key);
}

enum err
gc_sweep_dead(struct cx *cx, struct gc *gc)
{
	size_t		files;
	enum err	e;

	if ((e = lease_open(cx, gc->eng, &gc->lease)) != OK)
		return e;
	e = gc_cycle_pass(cx, gc, 'X', false, sweep_dead, sweep_dead_fn);
	file_close(gc->lease);
	if (e != OK || (e = block_sweep(cx, gc->eng->block, &files)) != OK)
		return e;
	gc->r->files = files;
	return kv_trim(cx, gc->eng->kv);
}

enum err
gc_sweep(struct cx *cx, struct gc *gc)
{
	enum err	 e;

	/* Commits first: what is under them has no other name. */
	gc_cycle_tell(gc, "sweeping records");
	if ((e = gc_cycle_pass(cx, gc, 'D', true, sweep_commit,
	    sweep_commit_fn)) != OK ||
	    (e = gc_cycle_pass(cx, gc, 'N', false, sweep_node,
	    sweep_node_fn)) != OK ||
	    (e = gc_cycle_pass(cx, gc, 'M', true, sweep_manifest,
	    sweep_manifest_fn)) != OK ||
	    (e = gc_cycle_pass(cx, gc, 'y', true, sweep_small,
	    sweep_block_fn)) != OK)
		return e;
	gc->batch_fn = sweep_block_fn;
	gc_cycle_tell(gc, "sweeping files");
	if ((e = block_each(cx, gc->eng->block, sweep_file, gc)) != OK ||
	    (e = gc_cycle_flush(cx, gc)) != OK)
		return e;
	return mark_check(cx, &gc->m);
}
