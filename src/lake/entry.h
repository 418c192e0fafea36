/*
 * What a path names: an object's size, checksums, metadata and where its bytes
 * are.  Its byte form is the row in an area and the value in a tree node.
 *
 * Forms begin with a version byte; fields follow in a fixed order as varints
 * and length-prefixed bytes.  Parsing gives slices into the bytes, which must
 * live as long as the entry, and arrays in the memory of cx.
 */
#ifndef LAKE_ENTRY_H
#define LAKE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "lake/ids.h"

struct buf;
struct cx;

/* A piece of a block: len bytes from off. */
struct entry_extent {
	struct uid	block;
	uint64_t	off, len;
};

enum { ENTRY_EXTENTS = 4 };		/* more go into a manifest */

/* Times are ms since 1970, sizes bytes. */
struct entry {
	uint64_t		 size;
	int64_t			 mtime;
	struct str		 etag;		/* no quotes, -N included */
	struct str		 content_type;
	struct pair		*meta;		/* user metadata, API names */
	size_t			 n_meta;
	struct pair		*headers;	/* Cache-Control and its kin */
	size_t			 n_headers;
	struct pair		*sums;		/* "crc32" -> base64 … */
	size_t			 n_sums;
	bool			 sums_composite;
	struct pair		*tags;
	size_t			 n_tags;
	struct entry_extent	*extents;	/* in order; they sum to size */
	size_t			 n_extents;
	bool			 has_manifest;	/* then extents are there */
	struct uid		 manifest;
	uint64_t		*parts;		/* sizes, if multipart */
	size_t			 n_parts;
	struct str		 part_sum_kind;	/* "crc32" …, and the raw */
	struct str		 part_sums;	/* checksum of each part in
						 * turn; or both "" */
	/* Not in the byte form: */
	struct str		 bytes;	/* of the one small extent, when read */
	struct str		 version; /* where versions are shown, of what
					   * was read or put: a commit's id, or
					   * "null", staged */
};

/* Append the byte form; etag to tags, and the extents or the manifest's id. */
void		entry_format(struct buf *b, const struct entry *en);
/* E_CORRUPT: bytes are no entry. */
enum err	entry_parse(struct cx *cx, struct str bytes,
		    struct entry *out);
/* Same content: size, ETag, content type, headers, metadata and tags. */
bool		entry_same(const struct entry *a, const struct entry *b);
/* The same of two byte forms; p NULL is an absent entry.  E_CORRUPT. */
enum err	entry_bytes_same(struct cx *cx, struct str a, struct str b,
		    bool *same);

/*
 * A manifest is a record of its own for what an entry would be too large with:
 * the extents, and of a multipart object the sizes and checksums of its parts.
 */
void		entry_manifest_format(struct buf *b, const struct entry *en);
/* Into an entry that names the manifest.  E_CORRUPT: bytes are no manifest. */
enum err	entry_manifest_parse(struct cx *cx, struct str bytes,
		    struct entry *into);

#endif
