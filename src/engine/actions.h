/* Action files: what asks for hooks, which are not there yet. */
#ifndef ENGINE_ACTIONS_H
#define ENGINE_ACTIONS_H

#include "engine/engine_inside.h"

/*
 * To ask before a commit gets its name: does its tree bring an action file that
 * the tree of its first parent does not have, or not with that content?
 * E_NOT_IMPLEMENTED then, so that nobody believes in a gate that is not there.
 * One that goes, or stays, is no matter.  Looks at the paths of action files
 * alone, where they differ.
 */
enum err	actions_check(struct cx *cx, struct engine *eng,
		    const struct oid *parent, const struct oid *tree);

#endif
