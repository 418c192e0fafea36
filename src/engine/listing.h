/* How lists are cut into groups and pages. */
#ifndef ENGINE_LISTING_H
#define ENGINE_LISTING_H

#include "engine/engine_inside.h"
#include "lake/keys.h"

/* The group a path falls into: up to and with the delimiter, or none. */
bool		list_group(const struct list_query *q, struct str path,
		    struct str *group);
/* Where the page begins: after `after`, past its whole group if it is one. */
struct str	list_first(struct cx *cx, const struct list_query *q);
/* Lets a range of keys begin after one, when that is not before it. */
void		list_after(struct cx *cx, struct keys_range *in,
		    struct str key);

/*
 * A page ends at its limit, or when what it has costs LIMIT_PAGE_BYTES: what
 * its records take in memory, and once more in an answer that escapes them.
 */
struct list_fill {
	size_t	limit;		/* records; the caller's */
	size_t	n, cost;	/* what the page has; begins with 0 */
	bool	more;		/* a record was there that it did not take */
};

/* Whether the page takes one more record, which costs so many bytes. */
bool		list_takes(struct list_fill *f, size_t cost);
/* What a record of these bytes costs. */
size_t		list_cost(struct str bytes);
/* Claim the memory for a page, before its transaction.  E_BUSY. */
enum err	list_claim(struct cx *cx, size_t limit);

/*
 * Takes a record into a page, after it has asked list_takes, or passes over
 * it.  Key and value are valid until it returns.
 */
typedef enum err list_record_fn(struct cx *cx, void *self, struct str key,
		    struct str value);
/*
 * A page of records: those of a range of keys, in order, each handed to fn
 * until the page takes no more.  f->limit is set; the rest begins anew here,
 * as a transaction's fn needs it.  [K3]
 */
enum err	list_records(struct cx *cx, struct kv_tx *tx,
		    const struct keys_range *in, struct list_fill *f,
		    list_record_fn *fn, void *self);

#endif
