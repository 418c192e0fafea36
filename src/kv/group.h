/*
 * Group commit: callers queue in the process; the first is leader, and runs
 * the functions of all who wait in one transaction of the driver's.  While it
 * waits for the locks between processes and for the disk, the next group
 * gathers: no linger is needed.
 */
#ifndef KV_GROUP_H
#define KV_GROUP_H

#include <pthread.h>

#include "kv/kv.h"

struct member {			/* one caller; lives on its stack */
	struct member	*next;
	struct cx	*cx;
	kv_fn		*fn;
	void		*arg;
	enum err	 result;
	bool		 taken, done;
	pthread_cond_t	 wake;
};

/*
 * Take the locks, then a batch (group_take), run it, commit, and return it
 * with each member's result set.  [K4, K5, K6]
 */
typedef struct member *group_run_fn(struct cx *cx, void *self);

struct group {
	pthread_mutex_t	 lock;
	struct member	*first, **last;
	bool		 led;			/* somebody is leader */
	group_run_fn	*run;
	void		*self;
};

void		group_init(struct group *g, group_run_fn *run, void *self);
void		group_release(struct group *g);
/* The caller's fn has been run and is durable, or why not. */
enum err	group_write(struct cx *cx, struct group *g, kv_fn *fn,
		    void *arg);
/* Up to 64 members, off the queue. */
struct member	*group_take(struct group *g);
/* One reason for all of them. */
void		group_fail(struct member *m, enum err code, const char *why);
/* Be leader for something else than a batch. */
void		group_lead_begin(struct group *g);
void		group_lead_end(struct group *g);

#endif
