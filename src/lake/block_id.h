/*
 * Ids of blocks and manifests: the gc epoch in which they were made (8 bytes,
 * big-endian), a byte that says where the bytes are kept, 7 random ones.
 */
#ifndef LAKE_BLOCK_ID_H
#define LAKE_BLOCK_ID_H

#include "lake/ids.h"

enum { BLOCK_IN_KV = 'k', BLOCK_IN_FILE = 'f' };

/* A new id, never used before, of a block that is kept in `where`. */
struct uid	block_id_new(uint64_t epoch, char where);
/* The epoch in which it was made. */
uint64_t	block_id_epoch(const struct uid *id);
/* Whether its bytes are a file; otherwise they are a record of the kv. */
bool		block_id_is_file(const struct uid *block);

#endif
