/* Best common ancestors. */
#ifndef ENGINE_MERGE_BASE_H
#define ENGINE_MERGE_BASE_H

#include "engine/engine_inside.h"

/*
 * Of two commits of a repository; found is false for unrelated histories.
 * E_TOO_LARGE as walk_see.
 */
enum err	merge_base_of(struct cx *cx, struct engine *eng,
		    const struct uid *ruid, const struct oid *left,
		    const struct oid *right, struct oid *base, bool *found);

#endif
