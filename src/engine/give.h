/*
 * The one way to give a thing a name.  [I9]  Every tx that makes a commit,
 * tree, manifest or block reachable by a new way reads the gc record here,
 * is refused when what it names was condemned, and leaves a note while a
 * marker is at work.
 */
#ifndef ENGINE_GIVE_H
#define ENGINE_GIVE_H

#include "engine/engine_inside.h"

struct gc_state {
	uint64_t	epoch, floor;
	bool		marking;
};

enum { GREY_NODE = 'N', GREY_COMMIT = 'C', GREY_MANIFEST = 'M',
	GREY_BLOCK = 'B' };

enum err	gc_state_find(struct cx *cx, struct kv_tx *tx,
		    struct gc_state *out);
enum err	gc_state_put(struct cx *cx, struct kv_tx *tx,
		    const struct gc_state *gs);
/* In a snapshot of its own. */
enum err	gc_state_read(struct cx *cx, struct engine *eng,
		    struct gc_state *out);

/* Where a block is kept, said in its id. */
enum { AT_KV = 'k', AT_FILE = 'f' };

/* A new id: this epoch, kept there, random. */
struct uid	give_id(uint64_t epoch, char where);
uint64_t	give_epoch(const struct uid *id);
bool		give_is_file(const struct uid *block);

/* E_CONDEMNED when what was made in that epoch may be gone. */
enum err	give_floor(struct cx *cx, const struct gc_state *gs,
		    uint64_t epoch);
/*
 * A job over several transactions that began in this epoch met error e.  When
 * gc has condemned since, a missing node is its work, not damage:
 * E_CONDEMNED, and the job starts over.  Else e as it was.
 */
enum err	give_overtaken(struct cx *cx, struct engine *eng,
		    uint64_t epoch, enum err e);
enum err	give_tree(struct cx *cx, struct kv_tx *tx,
		    const struct gc_state *gs, const struct oid *root);
enum err	give_commit(struct cx *cx, struct kv_tx *tx,
		    const struct gc_state *gs, const struct uid *ruid,
		    const struct oid *id);
/* The blocks or the manifest of an entry. */
enum err	give_entry(struct cx *cx, struct kv_tx *tx,
		    const struct gc_state *gs, const struct entry *en);

/* A commit record; a condemned one is not there.  [I19] */
enum err	give_commit_find(struct cx *cx, struct kv_tx *tx,
		    const struct gc_state *gs, const struct uid *ruid,
		    const struct oid *id, struct commit *out, bool *there);

#endif
