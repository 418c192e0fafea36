/*
 * A copy of the database while it is in use.  Inner header of the driver
 * kv_sqlite.
 *
 * The copy is one snapshot, however long it takes.  The log cannot begin anew
 * meanwhile: who bounds it must not wait for this snapshot, so the copy holds a
 * lock, copy.lock beside the database, that others can ask for.
 */
#ifndef KV_KV_SQLITE_COPY_H
#define KV_KV_SQLITE_COPY_H

#include "kv/kv_sqlite_conn.h"

/* Wait for the lock in the folder of the database at path; a file descriptor
 * that holds it until it is closed. */
enum err	kv_sqlite_copy_begin(struct cx *cx, const char *path,
		    int *lock);
/* Does any process copy the database of this connection? */
bool		kv_sqlite_copy_runs(struct kv_sqlite_conn *c);

struct kv_sqlite_copying {
	const char	*to;		/* the new file */
	kv_told		*told;		/* or NULL */
	void		*arg;
};
/* Copy what the transaction that is open on c sees.  When it fails, what is in
 * the new file is no database of ours. */
enum err	kv_sqlite_copy_pages(struct cx *cx, struct kv_sqlite_conn *c,
		    const struct kv_sqlite_copying *as);

#endif
