/* What the parts of fsck share. */
#ifndef UPKEEP_FSCK_INSIDE_H
#define UPKEEP_FSCK_INSIDE_H

#include "upkeep/mark.h"

struct fsck {
	struct engine		*eng;
	const struct fsck_opts	*opt;
	struct fsck_report	*r;
	struct mark		 m;
	/* files that are named and missing; the newest entry that names one,
	 * and the newest that is whole */
	uint64_t		 lacking;
	int64_t			 newest_lacking, newest_whole;
	struct mark		 said;	/* problems, each told once */
	/* The root that is walked from, and the gc record of its snapshot. */
	struct gc_state		 gs;
	struct str		 root;
	bool			 overtaken;	/* look at this root again */
};

/* Count a violated invariant ("I8"), and tell whoever runs fsck. */
void		fsck_found(struct fsck *f, const char *invariant,
		    const char *fmt, ...)
		    __attribute__((format(printf, 3, 4)));
/*
 * The same of what gc may have removed while fsck came to it.  In one snapshot:
 * when no gc has condemned since the root at hand was read, and that is still
 * there, it is damage.  Otherwise nothing is said, and f->overtaken is set.
 */
enum err	fsck_found_gone(struct cx *cx, struct fsck *f,
		    const char *invariant, const char *fmt, ...)
		    __attribute__((format(printf, 4, 5)));
/* The gc record now, when an epoch is later than that of f->gs. */
enum err	fsck_found_later(struct cx *cx, struct fsck *f, uint64_t epoch,
		    bool *later);
/*
 * Follow every root, and check what is named: entries, manifests, nodes and
 * commits.  Fails only where the store itself does; what is wrong is reported.
 */
enum err	fsck_walk(struct cx *cx, struct fsck *f);
/*
 * Read an object, whose extents are there, and compare all that is recorded of
 * its bytes.  What is wrong is reported; fails where they cannot be read.
 */
enum err	fsck_bytes(struct cx *cx, struct fsck *f, struct str path,
		    const struct entry *en);
/* Check the records of branches and uploads, with the same errors. */
enum err	fsck_records(struct cx *cx, struct fsck *f);

#endif
