/* What keeps a lake whole and small: garbage collection, and checks. */
#ifndef UPKEEP_UPKEEP_H
#define UPKEEP_UPKEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct cx;
struct engine;

typedef void	progress_fn(void *arg, const char *what, uint64_t done,
		    uint64_t total);	/* total 0: not known */

struct gc_opts {
	int64_t		 grace;		/* ms a dead file is kept for readers */
	int64_t		 upload_age;	/* ms after which uploads are dropped */
	int64_t		 head_age; /* ms that moves of heads are remembered */
	progress_fn	*progress;
	void		*arg;
};
struct gc_report {
	uint64_t	commits, nodes, blocks, bytes, files, rows, uploads;
};
enum err	gc_run(struct cx *cx, struct engine *eng,
		    const struct gc_opts *opt, struct gc_report *out);

struct fsck_opts {
	bool		 deep;		/* read every object's bytes */
	void		(*found)(void *arg, const char *invariant,
			    const char *what);
	progress_fn	*progress;
	void		*arg;
};
struct fsck_report {
	uint64_t	problems, commits, nodes, entries, blocks, garbage;
};
enum err	fsck_run(struct cx *cx, struct engine *eng,
		    const struct fsck_opts *opt, struct fsck_report *out);

#endif
