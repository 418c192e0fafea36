/*
 * The mapping module: s3://repository/ref/path to its parts and back.  Pure:
 * whether they exist is the engine's to say.  A key's ref is everything up to
 * the first "/", the path all the rest, byte for byte.
 */
#ifndef LAKE_LAKEPATH_H
#define LAKE_LAKEPATH_H

#include <stdbool.h>

#include "base/str.h"

struct arena;

struct lakepath {
	struct str	repo, ref, path;
	bool		slash;	/* the key had one: "main/" against "main" */
};

/* What bucket and key name.  An empty key leaves ref and path empty. */
struct lakepath	lakepath_parse(struct str bucket, struct str key);

/* The S3 key of a path at a ref. */
struct str	lakepath_key(struct arena *mem, struct str ref,
		    struct str path);

#endif
