/* Staging areas: the rows that writes leave on a branch until a fold. */
#ifndef ENGINE_AREA_H
#define ENGINE_AREA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct branch;
struct cx;
struct engine;
struct kv_tx;

enum {
	SEALED_HELP = 8,	/* so many sealed areas: writers fold, too */
	SEALED_MAX = 16,	/* so many: writes are refused */
	AREA_MOST = 20000,	/* rows of one area in a large lake */
	OPS_PATHS = 256,	/* that one transaction deletes or resets */
	OPS_BYTES = 4 << 20	/* of the entries that it writes */
};

/* The entry's bytes in a row as it is kept; p NULL: it is a tombstone. */
struct str	area_row_value(struct str row);
/* Rows that were written to an area, or more: those that are there are no
 * more than so many. */
enum err	area_rows(struct cx *cx, struct kv_tx *tx,
		    const struct branch *br, uint64_t area, uint64_t *rows);
/*
 * Stage an entry (bytes), or with bytes.p NULL its absence.  Only into the
 * open area.  [I3]  When that fills the area, br->open grows and *sealed is
 * true: the caller then writes the branch record, and after the transaction
 * calls todo_add.
 */
enum err	area_put(struct cx *cx, struct engine *eng, struct kv_tx *tx,
		    struct branch *br, struct str path, struct str bytes,
		    bool *sealed);
/* E_BUSY when SEALED_MAX areas of the branch wait to be folded. */
enum err	area_check_backlog(struct cx *cx, const struct branch *br);
/* Whether an area of the branch has no row, nor a tombstone. */
enum err	area_is_empty(struct cx *cx, struct kv_tx *tx,
		    const struct branch *br, uint64_t area, bool *empty);

#endif
