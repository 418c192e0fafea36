/*
 * kv: an ordered map of byte keys to byte values with transactions.
 *
 * What every driver promises (tests/contract/kv_contract.c proves it):
 *
 * K1  write(fn) is serializable, phantoms and write skew included.
 * K2  Visible implies durable: nobody reads what a power cut can take back
 *     (with durability relaxed: what a crash of the process can).
 * K3  fn may run several times and on another caller's thread, with its own
 *     caller's values.  It touches its arguments, its out-values (set anew on
 *     each run) and the transaction; it may not defer, open or keep anything.
 *     Ids and the time are drawn before the call.
 * K4  Nothing that fn found may reach a client before write has returned, not
 *     even a refusal: in a group it may rest on another's uncommitted write.
 * K5  A member that fails takes nothing with it; a lost transaction is noticed.
 * K6  E_STORE from write means "unknown", never "not done".
 * K7  A large value that a driver keeps apart goes with its key: none is left
 *     without one, and no key without its value.
 *
 * Keys are 1 to KV_KEY_MAX bytes, values 0 to 16 MiB.  Order is that of memcmp.
 */
#ifndef KV_KV_H
#define KV_KV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct buf;
struct cx;
struct kv;
struct kv_tx;
struct kv_cursor;

enum { KV_KEY_MAX = 2200 };
#define KV_NO_VALUE	UINT64_MAX	/* as the size of one */

typedef enum err kv_fn(struct cx *cx, struct kv_tx *tx, void *arg);
/* How far a copy is: done of total, in any unit. */
typedef void	kv_told(void *arg, uint64_t done, uint64_t total);


/* What a check finds: a value without its key (id says which), a key without
 * its value, and what the store itself says, in words. */
enum kv_wrong { KV_LEAKED, KV_LOST, KV_DAMAGED };
/* Called outside of transactions; not OK ends the check. */
typedef enum err kv_wrong_fn(struct cx *cx, void *arg, enum kv_wrong kind,
    struct str key_or_words, uint64_t id);

struct kv_ops {
	/* Run fn on one snapshot.  Short: a page of work, no client I/O. */
	enum err (*read)(struct cx *, struct kv *, kv_fn *, void *arg);
	/* Run fn serializably; OK only when durable.  K1 to K6. */
	enum err (*write)(struct cx *, struct kv *, kv_fn *, void *arg);
	/* The value is copied to the context's memory. */
	enum err (*find)(struct cx *, struct kv_tx *, struct str key,
	    struct str *value, bool *there);
	enum err (*put)(struct cx *, struct kv_tx *, struct str key,
	    struct str value);
	enum err (*del)(struct cx *, struct kv_tx *, struct str key);
	/* Cursor before the first key >= lo; ends before hi.  With keys_only
	 * values may come as "". */
	enum err (*scan)(struct cx *, struct kv_tx *, struct str lo,
	    struct str hi, bool keys_only, struct kv_cursor **);
	/* Key and value are valid until the next call on the cursor. */
	enum err (*next)(struct cx *, struct kv_cursor *, struct str *key,
	    struct str *value, bool *there);
	/* The same with the bytes of the value, which is not read: KV_NO_VALUE
	 * where the store has lost it. */
	enum err (*next_size)(struct cx *, struct kv_cursor *, struct str *key,
	    uint64_t *size, bool *there);
	/* Go to the first key >= lo, forwards or backwards. */
	enum err (*seek)(struct cx *, struct kv_cursor *, struct str lo);
	/* Give up a cursor early; the end of the transaction closes all. */
	void (*cursor_close)(struct kv_cursor *);
	/* The greatest key in [lo, hi), copied. */
	enum err (*last)(struct cx *, struct kv_tx *, struct str lo,
	    struct str hi, struct str *key, struct str *value, bool *there);
	/* Delete the first max keys of [lo, hi); *n says how many. */
	enum err (*clear)(struct cx *, struct kv_tx *, struct str lo,
	    struct str hi, size_t max, size_t *n);
	/* Give free pages back to the disk, in short steps. */
	enum err (*trim)(struct cx *, struct kv *);
	/* All of it, as it is at one moment, as a new store of this kind in the
	 * folder dir; durable.  Neither readers nor writers wait for it. */
	enum err (*copy)(struct cx *, struct kv *, const char *dir,
	    kv_told *told, void *arg);
	/* Whether K7 holds, in pages; with deep also how the store is made, in
	 * one snapshot. */
	enum err (*check)(struct cx *, struct kv *, bool deep,
	    kv_wrong_fn *fn, void *arg);
	/* A value that a check found without its key: read, or deleted. */
	enum err (*leaked)(struct cx *, struct kv_tx *, uint64_t id,
	    struct str *value, bool *there);
	enum err (*leaked_delete)(struct cx *, struct kv_tx *, uint64_t id);
	void (*close)(struct kv *);
};

struct kv {
	const struct kv_ops *ops;
};

struct kv_tx {
	struct kv	*kv;
	bool		 writing;
};

/*
 * The caller's side: argument checks, then the driver.  Each does what the
 * member of kv_ops with its name says, and gives its errors: E_STORE when the
 * store fails, E_DISK_FULL, E_CORRUPT when it cannot be read, E_FORMAT when by
 * now it has another format than this program's, and from a write E_BUSY when
 * its turn did not come in time (after these two nothing was done).  Keys and
 * values given are the caller's, and are copied where they are kept.
 */

/* See kv_ops.read; gives what fn gave.  Not inside a transaction. */
enum err	kv_read(struct cx *cx, struct kv *kv, kv_fn *fn, void *arg);
/* See kv_ops.write; gives what fn gave, or why that is not durable.  Not inside
 * a transaction. */
enum err	kv_write(struct cx *cx, struct kv *kv, kv_fn *fn, void *arg);
/* kv_find in a snapshot of its own: one key, the value in the memory of cx.
 * Not inside a transaction. */
enum err	kv_get(struct cx *cx, struct kv *kv, struct str key,
		    struct str *value, bool *there);

/* See kv_ops.find; *value is set only when the key is there. */
enum err	kv_find(struct cx *cx, struct kv_tx *tx, struct str key,
		    struct str *value, bool *there);
/* A record.  E_TOO_LARGE, and nothing is stored, when value did not hold all
 * that was added to it. */
enum err	kv_put(struct cx *cx, struct kv_tx *tx, struct str key,
		    const struct buf *value);
/* Bytes that are whole as they came: those of an object, of a node, an id. */
enum err	kv_put_bytes(struct cx *cx, struct kv_tx *tx, struct str key,
		    struct str value);
/* See kv_ops.del; OK also when the key is not there. */
enum err	kv_delete(struct cx *cx, struct kv_tx *tx, struct str key);

/* See kv_ops.scan: a cursor over the keys and values of [lo, hi). */
enum err	kv_scan(struct cx *cx, struct kv_tx *tx, struct str lo,
		    struct str hi, struct kv_cursor **cur);
/* The same when only the keys are wanted. */
enum err	kv_scan_keys(struct cx *cx, struct kv_tx *tx, struct str lo,
		    struct str hi, struct kv_cursor **cur);
/* See kv_ops.next; *key and *value are set only when *there. */
enum err	kv_next(struct cx *cx, struct kv_tx *tx, struct kv_cursor *cur,
		    struct str *key, struct str *value, bool *there);
/* See kv_ops.next_size; *key and *size are set only when *there. */
enum err	kv_next_size(struct cx *cx, struct kv_tx *tx,
		    struct kv_cursor *cur, struct str *key, uint64_t *size,
		    bool *there);
/* See kv_ops.seek. */
enum err	kv_seek(struct cx *cx, struct kv_tx *tx, struct kv_cursor *cur,
		    struct str lo);
/* See kv_ops.cursor_close. */
void		kv_cursor_close(struct kv_tx *tx, struct kv_cursor *cur);
/* See kv_ops.last; *key and *value are set only when *there. */
enum err	kv_last(struct cx *cx, struct kv_tx *tx, struct str lo,
		    struct str hi, struct str *key, struct str *value,
		    bool *there);
/* See kv_ops.clear. */
enum err	kv_clear(struct cx *cx, struct kv_tx *tx, struct str lo,
		    struct str hi, size_t max, size_t *n);

/* See kv_ops.trim.  Not inside a transaction. */
enum err	kv_trim(struct cx *cx, struct kv *kv);
/* See kv_ops.copy; told may be NULL.  What is in dir must not be a store yet;
 * when it fails, what it left there is none.  E_NOT_IMPLEMENTED: this kind has
 * no folders.  Not inside a transaction. */
enum err	kv_copy(struct cx *cx, struct kv *kv, const char *dir,
		    kv_told *told, void *arg);
/* See kv_ops.check.  Not inside a transaction. */
enum err	kv_check(struct cx *cx, struct kv *kv, bool deep,
		    kv_wrong_fn *fn, void *arg);
/* See kv_ops.leaked.  Nothing gives such a value a key again, so it stays one;
 * but two must not delete leaked values at once. */
enum err	kv_leaked(struct cx *cx, struct kv_tx *tx, uint64_t id,
		    struct str *value, bool *there);
/* See kv_ops.leaked_delete; OK also when it is not there. */
enum err	kv_leaked_delete(struct cx *cx, struct kv_tx *tx,
		    uint64_t id);
/* End the store, when no call of it runs any more; kv may be NULL. */
void		kv_close(struct kv *kv);

/* ---- drivers ----------------------------------------------------------- */

/* In memory, for tests: gone with kv_close. */
struct kv	*kv_mem_open(void);

struct kv_sqlite_opts {
	bool		 relaxed; /* a power cut may lose the last writes */
	bool		 create; /* make the database; it must not exist */
	const char	*vfs;		/* NULL, or a test's VFS */
};

/*
 * The files meta.db, queue.lock and writer.lock in the folder dir, for as many
 * processes as open it.  E_STORE when it cannot be opened, E_FORMAT when its
 * format is not this program's, E_CORRUPT when it is no such database.
 */
enum err	 kv_sqlite_open(struct cx *cx, const char *dir,
		    const struct kv_sqlite_opts *opt, struct kv **out);

struct kv_sqlite_upgrade {
	kv_fn		*fn;	/* writes what the new format has more */
	void		*arg;
	int		 from, to;	/* set: the format it had, and has */
};
/*
 * Give the store in the folder dir this program's format, beside whatever uses
 * it: fn runs in the one transaction that raises the format, after which older
 * programs fail.  OK and from = to when it has that format already.  E_FORMAT
 * when it is newer or unknown, E_BUSY when its turn did not come in time; after
 * any error but E_STORE the store is as it was.
 */
enum err	 kv_sqlite_upgrade(struct cx *cx, const char *dir,
		    struct kv_sqlite_upgrade *up);

#endif
