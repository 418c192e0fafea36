/* What the parts of fsck share. */
#ifndef UPKEEP_FSCK_INSIDE_H
#define UPKEEP_FSCK_INSIDE_H

#include "upkeep/mark.h"

struct fsck {
	struct engine		*eng;
	const struct fsck_opts	*opt;
	struct fsck_report	*r;
	struct gc_state		 gs;	/* as it was when fsck began */
	struct mark		 m;
	/* files that are named and missing; the newest entry that names one,
	 * and the newest that is whole */
	uint64_t		 lacking;
	int64_t			 newest_lacking, newest_whole;
};

/* Count a violated invariant ("I8"), and tell whoever runs fsck. */
void		fsck_found(struct fsck *f, const char *invariant,
		    const char *fmt, ...)
		    __attribute__((format(printf, 3, 4)));
/*
 * Follow every root, and check what is named: entries, manifests, nodes and
 * commits.  Fails only where the store itself does; what is wrong is reported.
 */
enum err	fsck_walk(struct cx *cx, struct fsck *f);
/* Check the records of branches and uploads, with the same errors. */
enum err	fsck_records(struct cx *cx, struct fsck *f);

#endif
