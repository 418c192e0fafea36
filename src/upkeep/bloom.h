/*
 * A Bloom filter of ids: which blocks gc has seen.  It may say of an id that it
 * was added when it was not; what was added it never denies.  It errs once in
 * 300 ids, and of more than BLOOM_MOST / 12 ids more often.
 */
#ifndef UPKEEP_BLOOM_H
#define UPKEEP_BLOOM_H

#include <stdbool.h>
#include <stdint.h>

struct uid;

enum { BLOOM_MOST = 1 << 27 };		/* bits: 16 MiB */

struct bloom {
	unsigned char	*bits;
	uint64_t	 n;		/* how many bits */
	unsigned	 set;		/* of them an id sets so many */
	uint64_t	 seed;
};

/* Empty, of a size for so many ids. */
void	bloom_open(struct bloom *b, uint64_t ids);
/* Frees its memory; harmless on a zeroed one. */
void	bloom_close(struct bloom *b);
/* From here on bloom_has is true of this id. */
void	bloom_add(struct bloom *b, const struct uid *id);
/* False: the id was not added.  True: it was, or the filter errs. */
bool	bloom_has(const struct bloom *b, const struct uid *id);

#endif
