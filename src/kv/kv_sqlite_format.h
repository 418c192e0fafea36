/*
 * The format of a database: which tables and records it has, as a number in its
 * header.  engine/DESIGN, Formats.  Inner header of the driver kv_sqlite.
 */
#ifndef KV_KV_SQLITE_FORMAT_H
#define KV_KV_SQLITE_FORMAT_H

#include "kv/kv_sqlite_conn.h"

enum { KV_SQLITE_FORMAT = 2 };

/* The tables of an empty database, in this format. */
enum err	kv_sqlite_format_make(struct cx *cx,
		    struct kv_sqlite_conn *c);
/* The format, as the transaction that is open sees it. */
enum err	kv_sqlite_format_read(struct cx *cx,
		    struct kv_sqlite_conn *c, int *format);
/* Is it this program's?  E_FORMAT, with what to do, when it is not. */
enum err	kv_sqlite_format_check(struct cx *cx,
		    struct kv_sqlite_conn *c);
/* In a transaction that writes: from format 1 to this one, so that what still
 * runs and knows format 1 alone fails.  E_FORMAT from any other. */
enum err	kv_sqlite_format_raise(struct cx *cx,
		    struct kv_sqlite_conn *c);

#endif
