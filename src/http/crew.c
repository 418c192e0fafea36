/* Threads on demand. */
#include "http/crew.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { STACK = 512 * 1024, KEPT = 4 };

struct crew {
	pthread_mutex_t	 lock;
	pthread_cond_t	 called;
	pthread_attr_t	 attr;
	void		*(*fn)(void *);
	void		*arg;
	int		 most;
	int		 all, ready, busy, waiting, parked;
	int		 calls;		/* of parked ones, not yet heard */
};

/* One more must look for requests, unless one does or enough are at work. */
static void
need(struct crew *c)
{
	pthread_t	t;

	if (c->ready > 0 || c->busy - c->waiting >= CREW_WORK)
		return;
	if (c->parked > 0) {
		c->parked--;
		c->calls++;
		pthread_cond_signal(&c->called);
	} else if (c->all < c->most &&
	    pthread_create(&t, &c->attr, c->fn, c->arg) == 0)
		c->all++;
	else
		return;
	c->ready++;
}

struct crew *
crew_new(unsigned n, void *(*fn)(void *), void *arg)
{
	struct crew		*c = calloc(1, sizeof *c);
	pthread_condattr_t	 clock;

	if (c == NULL)
		abort();
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&c->called, &clock);
	pthread_condattr_destroy(&clock);
	pthread_attr_init(&c->attr);
	pthread_attr_setstacksize(&c->attr, STACK);
	pthread_attr_setdetachstate(&c->attr, PTHREAD_CREATE_DETACHED);
	c->fn = fn;
	c->arg = arg;
	c->most = (int)n;
	return c;
}

bool
crew_start(struct crew *c)
{
	bool	started;

	pthread_mutex_lock(&c->lock);
	need(c);
	started = c->ready > 0;
	pthread_mutex_unlock(&c->lock);
	return started;
}

void
crew_busy(struct crew *c)
{
	pthread_mutex_lock(&c->lock);
	c->ready--;
	c->busy++;
	need(c);
	pthread_mutex_unlock(&c->lock);
}

void
crew_waits(struct crew *c)
{
	pthread_mutex_lock(&c->lock);
	c->waiting++;
	need(c);
	pthread_mutex_unlock(&c->lock);
}

void
crew_works(struct crew *c)
{
	pthread_mutex_lock(&c->lock);
	c->waiting--;
	pthread_mutex_unlock(&c->lock);
}

/* Until it is called; false: nobody did for long. */
static bool
park(struct crew *c)
{
	struct timespec	until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += CREW_REST_MS / 1000;
	c->parked++;
	while (c->calls == 0)
		if (pthread_cond_timedwait(&c->called, &c->lock, &until) != 0)
			break;
	/* Who calls takes it off the parked, and onto the ready. */
	if (c->calls > 0) {
		c->calls--;
		return true;
	}
	c->parked--;
	return false;
}

bool
crew_done(struct crew *c)
{
	bool	goes_on = true;

	pthread_mutex_lock(&c->lock);
	c->busy--;
	if (c->ready + c->busy - c->waiting < CREW_WORK)
		c->ready++;
	else
		goes_on = park(c);
	if (!goes_on)
		c->all--;
	pthread_mutex_unlock(&c->lock);
	return goes_on;
}

bool
crew_rested(struct crew *c)
{
	bool	goes_on;

	pthread_mutex_lock(&c->lock);
	goes_on = c->all <= KEPT || c->ready == 1;
	if (!goes_on) {
		c->ready--;
		c->all--;
	}
	pthread_mutex_unlock(&c->lock);
	return goes_on;
}

bool
crew_is_small(struct crew *c)
{
	bool	small;

	pthread_mutex_lock(&c->lock);
	small = c->all <= KEPT;
	pthread_mutex_unlock(&c->lock);
	return small;
}
