/* Rows of a kv, page by page. */
#ifndef UPKEEP_ROWS_H
#define UPKEEP_ROWS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

struct cx;
struct kv;

/* One record, valid during the call alone; it may write to the kv. */
typedef enum err row_fn(struct cx *cx, struct str key, struct str value,
    void *arg);

/*
 * All records whose keys begin with prefix, in order, read in short snapshots.
 * fn runs outside of them, in memory that is given back after each page; its
 * first failure ends the walk.  With keys_only the values are "", and so is a
 * value that the kv has lost: no record is.  Records that are written during
 * the walk may come or not.
 */
enum err	rows_each(struct cx *cx, struct kv *kv, struct str prefix,
		    bool keys_only, row_fn *fn, void *arg);

#endif
