/* What the files of the engine share. */
#ifndef ENGINE_ENGINE_INSIDE_H
#define ENGINE_ENGINE_INSIDE_H

#include "base/cx.h"
#include "block/block.h"
#include "engine/engine.h"
#include "engine/todo.h"
#include "kv/kv.h"
#include "tree/tree.h"

struct engine {
	struct kv		*kv;
	struct block		*block;
	struct engine_opts	 opt;
	struct trees		 trees;
	struct todo		 todo;
};

#endif
