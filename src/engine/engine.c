/* Open, close, and what requests leave to be done after their answer. */
#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/fileio.h"
#include "engine/fold.h"
#include "engine/give.h"
#include "engine/node.h"
#include "engine/refs.h"

enum { DROP_ROWS = 2000 };

void
engine_defaults(struct engine_opts *o)
{
	*o = (struct engine_opts){ .inline_max = 32 * 1024,
	    .cache_bytes = 8 << 20, .area_rows = 10000, .area_tombs = 2000 };
}

struct engine *
engine_open(struct kv *kv, struct block *block, const struct engine_opts *o)
{
	struct engine	*eng = calloc(1, sizeof *eng);

	if (eng == NULL)
		abort();
	eng->kv = kv;
	eng->block = block;
	eng->opt = *o;
	eng->cache = node_cache_open(o->cache_bytes);
	pthread_mutex_init(&eng->lock, NULL);
	return eng;
}

void
engine_close(struct engine *eng)
{
	struct tend	*t;

	if (eng == NULL)
		return;
	while ((t = eng->tends) != NULL) {
		eng->tends = t->next;
		free(t);
	}
	node_cache_close(eng->cache);
	pthread_mutex_destroy(&eng->lock);
	free(eng);
}

enum err
engine_room(struct cx *cx, struct engine *eng)
{
	uint64_t	bytes;
	enum err	e;

	if (eng->opt.dir == NULL)
		return OK;
	if ((e = file_free_space(cx, eng->opt.dir, &bytes)) != OK)
		return e;
	if (bytes < eng->opt.reserve)
		return fail(cx, E_DISK_FULL, "the lake's disk is full: "
		    "delete, or run lakegate gc");
	if (eng->opt.spool == NULL || fault_skip("SPOOL_ROOM"))
		return OK;
	if ((e = file_free_space(cx, eng->opt.spool, &bytes)) != OK)
		return e;
	return bytes >= eng->opt.reserve ? OK : fail(cx, E_DISK_FULL,
	    "the disk of the web server's spool is full: try again later");
}

static enum err
init_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc_state	gs = { .epoch = 1, .floor = 1 };

	(void)arg;
	return gc_state_put(cx, tx, &gs);
}

enum err
engine_init(struct cx *cx, struct engine *eng)
{
	return kv_write(cx, eng->kv, init_fn, NULL);
}

void
engine_note(struct engine *eng, const struct uid *ruid, struct str name,
    const struct uid *uid)
{
	struct tend	*t;

	pthread_mutex_lock(&eng->lock);
	for (t = eng->tends; t != NULL; t = t->next)
		if (uid_is(&t->uid, uid))
			break;
	if (t == NULL && name.n < sizeof t->name) {
		if ((t = calloc(1, sizeof *t)) == NULL)
			abort();
		t->ruid = *ruid;
		t->uid = *uid;
		memcpy(t->name, name.p, name.n);
		t->n_name = name.n;
		t->next = eng->tends;
		eng->tends = t;
	}
	pthread_mutex_unlock(&eng->lock);
}

enum err
engine_ready(struct cx *cx, struct engine *eng)
{
	struct gc_state	gs;
	enum err	e;

	if ((e = gc_state_read(cx, eng, &gs)) != OK ||
	    (e = engine_room(cx, eng)) != OK)
		return e;
	return eng->opt.dir == NULL || file_is_writable(eng->opt.dir) ? OK :
	    fail(cx, E_STORE, "%s cannot be written to", eng->opt.dir);
}

struct low_args {
	struct branch_id	 id;
	uint64_t		 low;
};

static enum err
low_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct low_args	*a = arg;
	struct branch	 br;
	enum err	 e;
	bool		 there;

	a->low = 0;
	if ((e = branch_find(cx, tx, &a->id.ruid, a->id.name, &br,
	    &there)) == OK && there && uid_is(&br.uid, &a->id.uid))
		a->low = br.low;
	return e;
}

enum err
engine_tend(struct cx *cx, struct engine *eng, bool *more)
{
	struct low_args	 a = { .low = 0 };
	struct tend	*t;
	enum err	 e;
	bool		 did, rows = false;

	*more = false;
	pthread_mutex_lock(&eng->lock);
	if ((t = eng->tends) != NULL)
		eng->tends = t->next;
	pthread_mutex_unlock(&eng->lock);
	if (t == NULL)
		return OK;
	a.id = (struct branch_id){ t->ruid, t->uid,
	    str_dup(cx->mem, (struct str){ t->name, t->n_name }) };
	free(t);
	if ((e = fold_branch(cx, eng, &a.id, &did)) != OK ||
	    (e = kv_read(cx, eng->kv, low_fn, &a)) != OK)
		return e;
	if (a.low > 0 && (e = fold_drop(cx, eng, &a.id.uid, a.low, DROP_ROWS,
	    &rows)) != OK)
		return e;
	if (did || rows)
		engine_note(eng, &a.id.ruid, a.id.name, &a.id.uid);
	pthread_mutex_lock(&eng->lock);
	*more = eng->tends != NULL;
	pthread_mutex_unlock(&eng->lock);
	return OK;
}
