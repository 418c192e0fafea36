/* Claims: the floor is checked, and a marker is told. */
#include "tree/claim.h"

#include "base/cx.h"
#include "base/fault.h"
#include "kv/kv.h"
#include "lake/block_id.h"
#include "lake/keys.h"

enum err
claim_check_epoch(struct cx *cx, const struct gc_state *gs, uint64_t epoch)
{
	if (!fault_skip("N_FLOOR") && gs->floor > epoch)
		return fail(cx, E_CONDEMNED, "garbage collection overtook "
		    "this request; send it again");
	return OK;
}

enum err
claim_overtaken(struct cx *cx, struct kv *kv, uint64_t epoch, enum err e)
{
	struct cx	aside = cx_aside(cx);
	struct gc_state	gs;

	if (e != E_CORRUPT || gc_state_read(&aside, kv, &gs) != OK ||
	    gs.floor <= epoch)
		return e;
	return claim_check_epoch(cx, &gs, epoch);
}

static enum err
claim_tell_marker(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs,
    enum grey kind, struct str id)
{
	if (!gs->marking)
		return OK;
	return kv_put_bytes(cx, tx, key_grey(cx, (char)kind, id), STR(""));
}

enum err
claim_tree(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs,
    const struct oid *root)
{
	if (oid_is_zero(root))
		return OK;
	return claim_tell_marker(cx, tx, gs, GREY_NODE, oid_str(root));
}

enum err
claim_commit(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs,
    const struct uid *ruid, const struct oid *id)
{
	struct str	key = key_commit(cx, ruid, oid_str(id));

	return claim_tell_marker(cx, tx, gs, GREY_COMMIT, str_from(key, 1));
}

enum err
claim_entry(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs,
    const struct entry *en)
{
	enum err	e = OK;
	size_t		i;

	if (en->has_manifest)
		return claim_tell_marker(cx, tx, gs, GREY_MANIFEST,
		    uid_str(&en->manifest));
	/* The sweep spares blocks of the present epoch. */
	for (i = 0; e == OK && i < en->n_extents; i++)
		if (block_id_epoch(&en->extents[i].block) < gs->epoch ||
		    fault_skip("NOTE_OLD"))
			e = claim_tell_marker(cx, tx, gs, GREY_BLOCK,
			    uid_str(&en->extents[i].block));
	return e;
}
