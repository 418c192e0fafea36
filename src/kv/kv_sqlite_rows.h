/*
 * The rows of kv on SQLite, in a transaction: the members of kv_ops that take
 * one.  Inner header of the driver kv_sqlite.
 */
#ifndef KV_KV_SQLITE_ROWS_H
#define KV_KV_SQLITE_ROWS_H

#include "kv/kv_sqlite_conn.h"

/* See kv_ops.find. */
enum err	kv_sqlite_find(struct cx *cx, struct kv_tx *tx,
		    struct str key, struct str *value, bool *there);
/* See kv_ops.put. */
enum err	kv_sqlite_put(struct cx *cx, struct kv_tx *tx,
		    struct str key, struct str value);
/* See kv_ops.del. */
enum err	kv_sqlite_delete(struct cx *cx, struct kv_tx *tx,
		    struct str key);
/* See kv_ops.scan. */
enum err	kv_sqlite_scan(struct cx *cx, struct kv_tx *tx, struct str lo,
		    struct str hi, bool keys_only, struct kv_cursor **out);
/* See kv_ops.next. */
enum err	kv_sqlite_next(struct cx *cx, struct kv_cursor *cur,
		    struct str *key, struct str *value, bool *there);
/* See kv_ops.seek. */
enum err	kv_sqlite_seek(struct cx *cx, struct kv_cursor *cur,
		    struct str lo);
/* See kv_ops.last. */
enum err	kv_sqlite_last(struct cx *cx, struct kv_tx *tx, struct str lo,
		    struct str hi, struct str *key, struct str *value,
		    bool *there);
/* See kv_ops.clear. */
enum err	kv_sqlite_clear(struct cx *cx, struct kv_tx *tx,
		    struct str lo, struct str hi, size_t max, size_t *n);

#endif
