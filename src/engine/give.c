/* Floors, notes and the gc record. */
#include "engine/give.h"

#include <string.h>

#include "base/buf.h"
#include "base/ident.h"
#include "engine/keys.h"

enum err
gc_state_find(struct cx *cx, struct kv_tx *tx, struct gc_state *out)
{
	struct str	v;
	uint8_t		marking;
	enum err	e;
	bool		there;

	if ((e = kv_find(cx, tx, key_gc(), &v, &there)) != OK)
		return e;
	if (!there || !take_be64(&v, &out->epoch) ||
	    !take_be64(&v, &out->floor) || !take_byte(&v, &marking))
		return fail(cx, E_CORRUPT, "the gc record is missing: "
		    "is this a lake?");
	out->marking = marking != 0;
	return OK;
}

enum err
gc_state_put(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs)
{
	struct buf	b;

	buf_init(&b, cx->mem, 64);
	buf_be64(&b, gs->epoch);
	buf_be64(&b, gs->floor);
	buf_byte(&b, gs->marking);
	return kv_put(cx, tx, key_gc(), &b);
}

static enum err
read_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	return gc_state_find(cx, tx, arg);
}

enum err
gc_state_read(struct cx *cx, struct engine *eng, struct gc_state *out)
{
	return kv_read(cx, eng->kv, read_fn, out);
}

struct uid
give_id(uint64_t epoch, char where)
{
	struct uid	id;
	unsigned	i;

	ident_random(id.b, sizeof id.b);
	for (i = 0; i < 8; i++)
		id.b[i] = (unsigned char)(epoch >> (56 - 8 * i));
	id.b[8] = (unsigned char)where;
	return id;
}

uint64_t
give_epoch(const struct uid *id)
{
	uint64_t	v = 0;
	unsigned	i;

	for (i = 0; i < 8; i++)
		v = v << 8 | id->b[i];
	return v;
}

bool
give_is_file(const struct uid *block)
{
	return block->b[8] == AT_FILE;
}

enum err
give_floor(struct cx *cx, const struct gc_state *gs, uint64_t epoch)
{
	if (gs->floor > epoch)
		return fail(cx, E_CONDEMNED, "garbage collection overtook "
		    "this request");
	return OK;
}

enum err
give_overtaken(struct cx *cx, struct engine *eng, uint64_t epoch, enum err e)
{
	struct cx	aside = *cx;
	struct gc_state	gs;

	if (e != E_CORRUPT || gc_state_read(&aside, eng, &gs) != OK ||
	    gs.floor <= epoch)
		return e;
	return give_floor(cx, &gs, epoch);
}

static enum err
note(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs, char kind,
    struct str id)
{
	if (!gs->marking)
		return OK;
	return kv_put_bytes(cx, tx, key_grey(cx, kind, id), STR(""));
}

enum err
give_tree(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs,
    const struct oid *root)
{
	if (oid_is_zero(root))
		return OK;
	return note(cx, tx, gs, GREY_NODE, oid_str(root));
}

enum err
give_commit(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs,
    const struct uid *ruid, const struct oid *id)
{
	struct str	key = key_commit(cx, ruid, oid_str(id));

	return note(cx, tx, gs, GREY_COMMIT, str_from(key, 1));
}

enum err
give_entry(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs,
    const struct entry *en)
{
	enum err	e = OK;
	size_t		i;

	if (en->has_manifest)
		return note(cx, tx, gs, GREY_MANIFEST, uid_str(&en->manifest));
	for (i = 0; e == OK && i < en->n_extents; i++)
		e = note(cx, tx, gs, GREY_BLOCK,
		    uid_str(&en->extents[i].block));
	return e;
}

static enum err
is_doomed(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs,
    const struct uid *ruid, const struct oid *id, bool *doomed)
{
	struct str	v;
	uint64_t	epoch;
	enum err	e;

	if ((e = kv_find(cx, tx, key_doom(cx, ruid, id), &v, doomed)) != OK)
		return e;
	*doomed = *doomed && take_be64(&v, &epoch) && epoch <= gs->floor;
	return OK;
}

enum err
give_commit_find(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs,
    const struct uid *ruid, const struct oid *id, struct commit *out,
    bool *there)
{
	struct str	v;
	enum err	e;
	bool		doomed;

	if ((e = kv_find(cx, tx, key_commit(cx, ruid, oid_str(id)), &v,
	    there)) != OK || !*there)
		return e;
	if ((e = is_doomed(cx, tx, gs, ruid, id, &doomed)) != OK)
		return e;
	*there = !doomed;
	if (doomed || (e = commit_parse(cx, v, out)) != OK)
		return e;
	if (!oid_is(&out->id, id))
		return fail(cx, E_CORRUPT, "commit %s does not have the hash "
		    "that names it", oid_hex(id).z);
	return OK;
}
