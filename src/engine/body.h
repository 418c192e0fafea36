/* Bytes that are stored but have no name yet. */
#ifndef ENGINE_BODY_H
#define ENGINE_BODY_H

#include "base/digest.h"
#include "engine/engine_inside.h"
#include "tree/claim.h"

struct body {
	struct engine		*eng;
	uint64_t		 size;
	unsigned char		 md5[16];
	struct digest		 digest;
	struct str		 bytes;		/* small: the bytes */
	struct block_writer	*writer;	/* large, not kept yet */
	bool			 is_file, kept, named;
	struct uid		 id;
};

/* A large one becomes a durable block of the present epoch. */
enum err	body_keep(struct cx *cx, struct body *b);
/* Its id was condemned: another one. */
enum err	body_rename(struct cx *cx, struct body *b);
/* In the naming tx: floor, and the bytes of a small one.  Fills extents. */
enum err	body_give(struct cx *cx, struct kv_tx *tx,
		    const struct gc_state *gs, struct body *b,
		    struct entry *en);

#endif
