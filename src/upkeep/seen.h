/*
 * Which things a walk has seen, exactly: a set of prints, which are 127 bits of
 * a keyed hash of kind and id.
 *
 * At most so many are in memory; when there are more, they go, sorted, into a
 * file without a name, and a Bloom filter of them stays.  Only where the filter
 * says yes the file is read.  Where there is no such file (base/spool: no
 * folder for it, or too little room), memory holds them all.
 */
#ifndef UPKEEP_SEEN_H
#define UPKEEP_SEEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

struct cx;
struct seen;

enum { SEEN_MOST = 1 << 19 };	/* slots of 16 bytes in memory */

/* An empty set; slots: a power of two, SEEN_MOST or less. */
struct seen	*seen_open(size_t slots);
/* Frees it; NULL is harmless. */
void		 seen_close(struct seen *s);
/* Forget all of it. */
void		 seen_empty(struct seen *s);
/* Add a thing; false: it was there. */
bool		 seen_add(struct seen *s, char kind, struct str id);
/* Was it added? */
bool		 seen_has(struct seen *s, char kind, struct str id);
/*
 * Have all answers been right?  E_STORE when a file could not be read: then
 * some were "it is there" that should not have been, which is safe where what
 * is there is kept, and wrong where it is left out.
 */
enum err	 seen_check(struct cx *cx, const struct seen *s);
/* How many files there are. */
size_t		 seen_files(const struct seen *s);

#endif
