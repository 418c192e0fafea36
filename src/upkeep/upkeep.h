/* What keeps a lake whole and small: garbage collection, and checks. */
#ifndef UPKEEP_UPKEEP_H
#define UPKEEP_UPKEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct cx;
struct engine;

/* How far a long run is; what names its phase. */
typedef void	progress_fn(void *arg, const char *what, uint64_t done,
		    uint64_t total);	/* total 0: not known */

struct gc_opts {
	int64_t		 grace;		/* ms a dead file is kept for readers */
	int64_t		 upload_age;	/* ms after which uploads are dropped */
	int64_t		 head_age; /* ms that moves of heads are remembered */
	progress_fn	*progress;	/* or NULL */
	void		*arg;		/* of progress */
};

/* What was removed.  files: temporary files that no writer had any more. */
struct gc_report {
	uint64_t	commits, nodes, blocks, bytes, files, rows, uploads;
};

/*
 * One cycle of garbage collection (engine/DESIGN 6), beside readers and
 * writers.  Of two that mark at once the older ends early, with OK; what one
 * that was killed leaves, the next removes.  cx->now is the time that ages are
 * measured from.  E_CORRUPT when something named is missing: then nothing was
 * condemned.
 */
enum err	gc_run(struct cx *cx, struct engine *eng,
		    const struct gc_opts *opt, struct gc_report *out);

struct fsck_opts {
	bool		 deep;		/* read every object's bytes */
	/* Each violated invariant ("I8"), and what violates it; or NULL. */
	void		(*found)(void *arg, const char *invariant,
			    const char *what);
	progress_fn	*progress;	/* or NULL */
	void		*arg;		/* of found and progress */
};

/* garbage: dead files that the next gc may remove. */
struct fsck_report {
	uint64_t	problems, commits, nodes, entries, blocks, garbage;
};

/*
 * Checks each invariant that data can show, and changes nothing.  OK when all
 * was checked, whatever was found: out->problems says how much is wrong.  Fails
 * where the kv or the disk does, and then has checked a part.
 */
enum err	fsck_run(struct cx *cx, struct engine *eng,
		    const struct fsck_opts *opt, struct fsck_report *out);

#endif
