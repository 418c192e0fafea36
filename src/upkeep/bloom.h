/*
 * A Bloom filter of block ids: which blocks gc has seen.  It may say of a block
 * that it was added when it was not; what was added it never denies.
 */
#ifndef UPKEEP_BLOOM_H
#define UPKEEP_BLOOM_H

#include <stdbool.h>
#include <stdint.h>

struct uid;

struct bloom {
	unsigned char	*bits;
	uint64_t	 mask;		/* of a bit's number */
	uint64_t	 seed;
};

/* Empty, of a size for so many ids; of more it errs more often. */
void	bloom_open(struct bloom *b, uint64_t ids);
/* Frees its memory; harmless on a zeroed one. */
void	bloom_close(struct bloom *b);
/* From here on bloom_has is true of this id. */
void	bloom_add(struct bloom *b, const struct uid *id);
/* False: the id was not added.  True: it was, or the filter errs. */
bool	bloom_has(const struct bloom *b, const struct uid *id);

#endif
