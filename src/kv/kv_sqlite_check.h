/*
 * What the database keeps of values: their sizes, and those that are kept apart
 * against the keys that have them.  Inner header of the driver kv_sqlite.
 */
#ifndef KV_KV_SQLITE_CHECK_H
#define KV_KV_SQLITE_CHECK_H

#include "kv/kv_sqlite_conn.h"

/* See kv_ops.next_size. */
enum err	kv_sqlite_check_next(struct cx *cx, struct kv_cursor *cur,
		    struct str *key, uint64_t *size, bool *there);
/* See kv_ops.check. */
enum err	kv_sqlite_check(struct cx *cx, struct kv *kv, bool deep,
		    kv_wrong_fn *fn, void *arg);
/* See kv_ops.leaked, kv_ops.leaked_delete; of an open transaction. */
enum err	kv_sqlite_check_value(struct cx *cx, struct kv_tx *tx,
		    uint64_t id, struct str *value, bool *there);
enum err	kv_sqlite_check_delete(struct cx *cx, struct kv_tx *tx,
		    uint64_t id);

#endif
