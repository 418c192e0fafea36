/*
 * A pile of items of one size, the last one first: what a walk has still to do.
 * At most so many are in memory; the older ones are in files without a name,
 * or in memory where there can be none (base/spool).
 */
#ifndef UPKEEP_PILE_H
#define UPKEEP_PILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct cx;
struct pile;

/* An empty pile of items of size bytes, of which most are in memory at once; 16
 * or more. */
struct pile	*pile_open(size_t size, size_t most);
/* Frees it; NULL is harmless. */
void		 pile_close(struct pile *p);
/* Forget all of it. */
void		 pile_empty(struct pile *p);
/* Put an item on it, which is copied. */
void		 pile_push(struct cx *cx, struct pile *p, const void *item);
/* Take the last one off; *there is false when there is none.  E_STORE when a
 * file cannot be read. */
enum err	 pile_pop(struct cx *cx, struct pile *p, void *item,
		    bool *there);

#endif
