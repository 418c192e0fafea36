/* A Bloom filter of ids: 12 bits an id, as long as it may have them. */
#include "upkeep/bloom.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/ident.h"
#include "lake/record.h"

enum { BITS_AN_ID = 12, SET_MOST = 6, LEAST = 1 << 16 };

void
bloom_open(struct bloom *b, uint64_t ids)
{
	b->n = ids < BLOOM_MOST / BITS_AN_ID ? ids * BITS_AN_ID : BLOOM_MOST;
	if (b->n < LEAST)
		b->n = LEAST;
	/* Of the bits that there are for an id it sets ln 2. */
	b->set = SET_MOST;
	while (b->set > 1 && b->set * ids > b->n / 10 * 7)
		b->set--;
	b->bits = calloc(1, b->n / 8 + 1);
	if (b->bits == NULL)
		abort();
	ident_random(&b->seed, sizeof b->seed);
}

void
bloom_close(struct bloom *b)
{
	free(b->bits);
	b->bits = NULL;
}

/* Each bit of what comes back depends on each bit of x (splitmix64's end). */
static uint64_t
bloom_mix(uint64_t x)
{
	if (fault_skip("BLOOM_MIX"))
		return x;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* The numbers of an id's bits.  Ids may differ in a counter alone. */
static void
bloom_bits(const struct bloom *b, const struct uid *id,
    uint64_t bit[SET_MOST])
{
	uint64_t	x, y;
	unsigned	i;

	memcpy(&x, id->b, sizeof x);
	memcpy(&y, id->b + 8, sizeof y);
	x = bloom_mix(bloom_mix(x ^ b->seed) ^ y);
	y = bloom_mix(x ^ b->seed) | 1;
	for (i = 0; i < b->set; i++, x += y)
		bit[i] = (x >> 32) * b->n >> 32;
}

void
bloom_add(struct bloom *b, const struct uid *id)
{
	uint64_t	bit[SET_MOST];
	unsigned	i;

	bloom_bits(b, id, bit);
	for (i = 0; i < b->set; i++)
		b->bits[bit[i] / 8] |= (unsigned char)(1 << (bit[i] % 8));
}

bool
bloom_has(const struct bloom *b, const struct uid *id)
{
	uint64_t	bit[SET_MOST];
	unsigned	i;
	bool		all = true;

	bloom_bits(b, id, bit);
	for (i = 0; i < b->set; i++)
		all = all && (b->bits[bit[i] / 8] >> (bit[i] % 8) & 1) != 0;
	return all;
}
