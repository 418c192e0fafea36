/* A Bloom filter of block ids: 12 bits an id, of which six are set. */
#include "upkeep/bloom.h"

#include <stdlib.h>
#include <string.h>

#include "base/ident.h"
#include "lake/record.h"

enum { BITS_SET = 6 };

void
bloom_open(struct bloom *b, uint64_t ids)
{
	uint64_t	bits = 1 << 16;

	while (bits < ids * 12)
		bits *= 2;
	b->mask = bits - 1;
	b->bits = calloc(1, bits / 8);
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

/* The numbers of an id's bits, from its two halves, mixed. */
static void
bloom_bits(const struct bloom *b, const struct uid *id,
    uint64_t bit[BITS_SET])
{
	uint64_t	x, y;
	unsigned	i;

	memcpy(&x, id->b, sizeof x);
	memcpy(&y, id->b + 8, sizeof y);
	x = (x ^ b->seed) * 0x9e3779b97f4a7c15u;
	y = (y ^ x ^ x >> 29) * 0xd6e8feb86659fd93u;
	x ^= y >> 31;
	y |= 1;
	for (i = 0; i < BITS_SET; i++, x += y)
		bit[i] = (x ^ x >> 32) & b->mask;
}

void
bloom_add(struct bloom *b, const struct uid *id)
{
	uint64_t	bit[BITS_SET];
	unsigned	i;

	bloom_bits(b, id, bit);
	for (i = 0; i < BITS_SET; i++)
		b->bits[bit[i] / 8] |= (unsigned char)(1 << (bit[i] % 8));
}

bool
bloom_has(const struct bloom *b, const struct uid *id)
{
	uint64_t	bit[BITS_SET];
	unsigned	i;
	bool		all = true;

	bloom_bits(b, id, bit);
	for (i = 0; i < BITS_SET; i++)
		all = all && (b->bits[bit[i] / 8] >> (bit[i] % 8) & 1) != 0;
	return all;
}
