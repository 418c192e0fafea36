/* Taking away the rows of what no longer exists. */
#ifndef UPKEEP_REAP_H
#define UPKEEP_REAP_H

#include "engine/engine_inside.h"
#include "upkeep/upkeep.h"

/*
 * Rows of deleted repositories and branches, of folded areas, uploads and head
 * log rows older than opt says, cuts that stand still for a day; in small
 * transactions.
 */
enum err	reap_run(struct cx *cx, struct engine *eng,
		    const struct gc_opts *opt, struct gc_report *r);

#endif
