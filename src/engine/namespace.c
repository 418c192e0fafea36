/* Whose each storage namespace is. */
#include "engine/namespace.h"

#include "base/buf.h"
#include "base/cx.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/limit.h"
#include "kv/kv.h"
#include "lake/keys.h"

enum { RECORD_MAX = 1000 };

/* One that is longer was given by a program without a limit: no other can have
 * it, so it needs no record. */
static bool
namespace_is_kept(struct str ns)
{
	return ns.n <= LIMIT_NAMESPACE;
}

enum err
namespace_find(struct cx *cx, struct kv_tx *tx, struct str ns,
    struct namespace *out, bool *there)
{
	struct str	v;
	enum err	e;

	*there = false;
	if (!namespace_is_kept(ns))
		return OK;
	if ((e = kv_find(cx, tx, key_namespace(cx, ns), &v, there)) != OK ||
	    !*there)
		return e;
	if (!take_bytes(&v, sizeof out->ruid, out->ruid.b))
		return fail(cx, E_CORRUPT, "the record of the storage "
		    "namespace \"%.*s\" cannot be read", STRF(ns));
	out->repo = v;
	return OK;
}

enum err
namespace_put(struct cx *cx, struct kv_tx *tx, const struct repo *r)
{
	struct buf	b;

	if (!namespace_is_kept(r->storage_namespace))
		return OK;
	buf_init(&b, cx->mem, RECORD_MAX);
	buf_str(&b, uid_str(&r->ruid));
	buf_str(&b, r->name);
	return kv_put(cx, tx, key_namespace(cx, r->storage_namespace), &b);
}

enum err
namespace_drop(struct cx *cx, struct kv_tx *tx, const struct repo *r)
{
	return namespace_is_kept(r->storage_namespace) &&
	    !fault_skip("NAMESPACE_DROP") ? kv_delete(cx, tx,
	    key_namespace(cx, r->storage_namespace)) : OK;
}
