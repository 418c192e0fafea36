/* Ids of blocks and manifests. */
#include "lake/block_id.h"

#include "base/ident.h"

struct uid
block_id_new(uint64_t epoch, char where)
{
	struct uid	id;
	unsigned	i;

	ident_random(id.b, sizeof id.b);
	for (i = 0; i < 8; i++)
		id.b[i] = (unsigned char)(epoch >> (56 - 8 * i));
	id.b[8] = (unsigned char)where;
	return id;
}

uint64_t
block_id_epoch(const struct uid *id)
{
	uint64_t	v = 0;
	unsigned	i;

	for (i = 0; i < 8; i++)
		v = v << 8 | id->b[i];
	return v;
}

bool
block_id_is_file(const struct uid *block)
{
	return block->b[8] == BLOCK_IN_FILE;
}
