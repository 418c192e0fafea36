/* What the files of the engine share. */
#ifndef ENGINE_ENGINE_INSIDE_H
#define ENGINE_ENGINE_INSIDE_H

#include <pthread.h>

#include "base/cx.h"
#include "block/block.h"
#include "engine/engine.h"
#include "kv/kv.h"

struct node_cache;

/* A branch to look after: fold what is sealed, drop what is folded. */
struct tend {
	struct tend	*next;
	struct uid	 ruid;
	struct uid	 uid;
	char		 name[256];
	size_t		 n_name;
};

struct engine {
	struct kv		*kv;
	struct block		*block;
	struct engine_opts	 opt;
	struct node_cache	*cache;
	pthread_mutex_t		 lock;		/* of the list */
	struct tend		*tends;
};

/* E_DISK_FULL below the reserve: for writes that bring bytes. */
enum err engine_room(struct cx *cx, struct engine *eng);

/* Remember a branch for engine_tend; each is on the list once. */
void	engine_note(struct engine *eng, const struct uid *ruid,
	    struct str name, const struct uid *uid);

#endif
