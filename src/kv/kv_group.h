/*
 * Group commit: callers queue in the process; the first is leader, and runs
 * the functions of all who wait in one transaction of the driver's.  While it
 * waits for the locks between processes and for the disk, the next group
 * gathers: no linger is needed.
 */
#ifndef KV_KV_GROUP_H
#define KV_KV_GROUP_H

#include <pthread.h>

#include "kv/kv.h"

struct kv_group_member {	/* one caller; lives on its stack */
	struct kv_group_member	*next;
	struct cx		*cx;
	kv_fn			*fn;
	void			*arg;
	enum err		 result;
	bool			 taken, done;
	pthread_cond_t		 wake;
};

/*
 * Take the locks, then a batch (kv_group_take), run it, commit, and return it
 * with each member's result set.  [K4, K5, K6]
 */
typedef struct kv_group_member *kv_group_run_fn(struct cx *cx, void *self);

struct kv_group {
	pthread_mutex_t		 lock;
	struct kv_group_member	*first, **last;
	bool			 led;		/* somebody is leader */
	kv_group_run_fn		*run;
	void			*self;
};

/* A group whose leader calls run(cx, self). */
void		kv_group_init(struct kv_group *g, kv_group_run_fn *run,
		    void *self);
void		kv_group_release(struct kv_group *g);
/* The caller's fn has been run and is durable, or why not.  E_BUSY, and fn was
 * not run, after 30 s in the queue. */
enum err	kv_group_write(struct cx *cx, struct kv_group *g, kv_fn *fn,
		    void *arg);
/* Until when a leader waits for the locks between processes, one of which may
 * have been stopped: 30 s from now, as when_monotonic says it. */
int64_t		kv_group_patience(void);
/* Up to 64 members, off the queue. */
struct kv_group_member	*kv_group_take(struct kv_group *g);
/* One reason for all of them. */
void		kv_group_fail(struct kv_group_member *m, enum err code,
		    const char *why);
/* Be leader for something else than a batch: wait until nobody leads. */
void		kv_group_lead_begin(struct kv_group *g);
void		kv_group_lead_end(struct kv_group *g);

#endif
