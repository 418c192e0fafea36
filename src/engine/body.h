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
	struct block_reader	*reader;	/* of the kept one */
	bool			 is_file, kept, named;
	struct uid		 id;
};

/* Before the transaction that names it: it gets an id, and a large one becomes
 * a durable block of the present epoch. */
enum err	body_keep(struct cx *cx, struct body *b);
/* After E_CONDEMNED from that transaction: another id, of the epoch that is
 * then the present one, also when gc has removed the block. */
enum err	body_rename(struct cx *cx, struct body *b);
/* In the naming transaction: claims it [I9], writes the bytes of a small one,
 * fills size and extents.  E_CONDEMNED.  The caller sets b->named when that
 * transaction may have been committed. */
enum err	body_claim(struct cx *cx, struct kv_tx *tx,
		    const struct gc_state *gs, struct body *b,
		    struct entry *en);

#endif
