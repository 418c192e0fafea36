/* What history answers to the rest of the engine. */
#ifndef ENGINE_HISTORY_H
#define ENGINE_HISTORY_H

#include "engine/engine_inside.h"

/* The best common ancestor; found is false for unrelated histories. */
enum err	history_base(struct cx *cx, struct engine *eng,
		    const struct uid *ruid, const struct oid *left,
		    const struct oid *right, struct oid *base, bool *found);

#endif
