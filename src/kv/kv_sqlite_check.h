/*
 * What the database keeps of values: their sizes.  Inner header of the driver
 * kv_sqlite.
 */
#ifndef KV_KV_SQLITE_CHECK_H
#define KV_KV_SQLITE_CHECK_H

#include "kv/kv_sqlite_conn.h"

/* See kv_ops.next_size. */
enum err	kv_sqlite_check_next(struct cx *cx, struct kv_cursor *cur,
		    struct str *key, uint64_t *size, bool *there);

#endif
