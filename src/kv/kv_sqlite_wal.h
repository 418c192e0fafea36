/*
 * The write-ahead log of a database, and its bounds.  Inner header of the
 * driver kv_sqlite.
 *
 * The log is copied into the database when it has grown by KV_WAL_STEP pages.
 * While readers overlap without a gap such a passive checkpoint never lets the
 * log begin anew, so at KV_WAL_MOST the leader, who holds the writers' lock,
 * waits for them: snapshots are short, and new ones no longer need the log.
 * Only that of a copy (kv_sqlite_copy.h) is long, and nobody waits for it.
 */
#ifndef KV_KV_SQLITE_WAL_H
#define KV_KV_SQLITE_WAL_H

#include "kv/kv_sqlite_conn.h"

enum {				/* pages of 8 KiB */
	KV_WAL_STEP = 500,
	KV_WAL_MOST = 2000
};

/* The database keeps a write-ahead log, from now on if it did not.  E_STORE:
 * it cannot, where it lies. */
enum err	kv_sqlite_wal_require(struct cx *cx,
		    struct kv_sqlite_conn *c);
/* Count the pages that this connection's commits leave in the log. */
void		kv_sqlite_wal_watch(struct kv_sqlite_conn *c);
/* After a commit, by the leader: bound the log.  Failures are logged; the
 * commit stands. */
void		kv_sqlite_wal_bound(struct kv_sqlite_conn *c);
/* After what no checkpoint could end beside, by the leader: an empty log, if
 * the readers of this moment let it be. */
void		kv_sqlite_wal_empty(struct kv_sqlite_conn *c);

#endif
