/* Removing the rows of what no longer exists. */
#ifndef UPKEEP_REAP_H
#define UPKEEP_REAP_H

#include "engine/engine_inside.h"
#include "upkeep/upkeep.h"

/*
 * Removes, in small transactions: rows of deleted repositories and branches,
 * rows of folded areas, uploads and head log rows older than opt says, and cuts
 * that have not moved for a day.  Adds what it removed to r.  Harmless beside
 * writers and beside another reaper; after an error it can be run again.
 */
enum err	reap_run(struct cx *cx, struct engine *eng,
		    const struct gc_opts *opt, struct gc_report *r);

#endif
