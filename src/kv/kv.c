/* The caller's side of kv: argument checks, then the driver. */
#include "kv/kv.h"

#include <assert.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/fault.h"
#include "lake/keys.h"

_Static_assert((int)KEYS_LONGEST <= (int)KV_KEY_MAX, "a kv holds every key");

enum { VALUE_MAX = 16 << 20 };

/* A transaction inside a transaction would wait for itself. */
static _Thread_local bool	inside;

enum err
kv_read(struct cx *cx, struct kv *kv, kv_fn *fn, void *arg)
{
	enum err	e;

	assert(!inside);
	inside = true;
	e = kv->ops->read(cx, kv, fn, arg);
	inside = false;
	return e;
}

enum err
kv_write(struct cx *cx, struct kv *kv, kv_fn *fn, void *arg)
{
	enum err	e;

	assert(!inside);
	inside = true;
	e = kv->ops->write(cx, kv, fn, arg);
	inside = false;
	return e;
}

enum err
kv_find(struct cx *cx, struct kv_tx *tx, struct str key, struct str *value,
    bool *there)
{
	assert(key.n > 0 && key.n <= KV_KEY_MAX);
	return tx->kv->ops->find(cx, tx, key, value, there);
}

struct kv_question {
	struct str	 key, *value;
	bool		*there;
};

static enum err
kv_get_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	const struct kv_question	*q = arg;

	return kv_find(cx, tx, q->key, q->value, q->there);
}

enum err
kv_get(struct cx *cx, struct kv *kv, struct str key, struct str *value,
    bool *there)
{
	struct kv_question	q = { key, value, there };

	return kv_read(cx, kv, kv_get_fn, &q);
}

enum err
kv_put(struct cx *cx, struct kv_tx *tx, struct str key,
    const struct buf *value)
{
	/* What is left of a record that did not fit is no record. */
	if (!fault_skip("KV_WHOLE") && !buf_ok(value))
		return fail(cx, E_TOO_LARGE, "the record has more than the "
		    "%zu bytes that it may have", value->cap);
	return kv_put_bytes(cx, tx, key, buf_as_str(value));
}

enum err
kv_put_bytes(struct cx *cx, struct kv_tx *tx, struct str key,
    struct str value)
{
	assert(tx->writing && key.n > 0 && key.n <= KV_KEY_MAX &&
	    value.n <= VALUE_MAX);
	return tx->kv->ops->put(cx, tx, key, value);
}

enum err
kv_delete(struct cx *cx, struct kv_tx *tx, struct str key)
{
	assert(tx->writing && key.n > 0 && key.n <= KV_KEY_MAX);
	return tx->kv->ops->del(cx, tx, key);
}

enum err
kv_scan(struct cx *cx, struct kv_tx *tx, struct str lo, struct str hi,
    struct kv_cursor **cur)
{
	return tx->kv->ops->scan(cx, tx, lo, hi, false, cur);
}

enum err
kv_scan_keys(struct cx *cx, struct kv_tx *tx, struct str lo, struct str hi,
    struct kv_cursor **cur)
{
	return tx->kv->ops->scan(cx, tx, lo, hi, true, cur);
}

/* What is read may be anything; callers have room for a key. */
static enum err
kv_check_key(struct cx *cx, struct str key)
{
	return key.n <= KV_KEY_MAX ? OK : fail(cx, E_CORRUPT, "the database "
	    "has a key of %zu bytes: it is damaged", key.n);
}

enum err
kv_next(struct cx *cx, struct kv_tx *tx, struct kv_cursor *cur,
    struct str *key, struct str *value, bool *there)
{
	enum err	e = tx->kv->ops->next(cx, cur, key, value, there);

	return e == OK && *there ? kv_check_key(cx, *key) : e;
}

enum err
kv_next_size(struct cx *cx, struct kv_tx *tx, struct kv_cursor *cur,
    struct str *key, uint64_t *size, bool *there)
{
	enum err	e = tx->kv->ops->next_size(cx, cur, key, size, there);

	return e == OK && *there ? kv_check_key(cx, *key) : e;
}

enum err
kv_seek(struct cx *cx, struct kv_tx *tx, struct kv_cursor *cur, struct str lo)
{
	return tx->kv->ops->seek(cx, cur, lo);
}

void
kv_cursor_close(struct kv_tx *tx, struct kv_cursor *cur)
{
	tx->kv->ops->cursor_close(cur);
}

enum err
kv_last(struct cx *cx, struct kv_tx *tx, struct str lo, struct str hi,
    struct str *key, struct str *value, bool *there)
{
	return tx->kv->ops->last(cx, tx, lo, hi, key, value, there);
}

enum err
kv_clear(struct cx *cx, struct kv_tx *tx, struct str lo, struct str hi,
    size_t max, size_t *n)
{
	assert(tx->writing);
	return tx->kv->ops->clear(cx, tx, lo, hi, max, n);
}

enum err
kv_trim(struct cx *cx, struct kv *kv)
{
	return kv->ops->trim(cx, kv);
}

enum err
kv_copy(struct cx *cx, struct kv *kv, const char *dir, kv_told *told, void *arg)
{
	return kv->ops->copy(cx, kv, dir, told, arg);
}

enum err
kv_check(struct cx *cx, struct kv *kv, bool deep, kv_wrong_fn *fn, void *arg)
{
	assert(!inside);
	return kv->ops->check != NULL ?
	    kv->ops->check(cx, kv, deep, fn, arg) : OK;
}

enum err
kv_leaked(struct cx *cx, struct kv_tx *tx, uint64_t id, struct str *value,
    bool *there)
{
	*there = false;
	return tx->kv->ops->leaked != NULL ?
	    tx->kv->ops->leaked(cx, tx, id, value, there) : OK;
}

enum err
kv_leaked_delete(struct cx *cx, struct kv_tx *tx, uint64_t id)
{
	assert(tx->writing);
	return tx->kv->ops->leaked_delete != NULL ?
	    tx->kv->ops->leaked_delete(cx, tx, id) : OK;
}

void
kv_close(struct kv *kv)
{
	if (kv != NULL)
		kv->ops->close(kv);
}
