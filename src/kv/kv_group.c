/* Group commit: queue, leader, answers. */
#include "kv/kv_group.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

#include "base/cx.h"
#include "base/metric.h"
#include "base/when.h"

enum {
	BATCH = 64,		/* members of one group */
	WAIT_SECONDS = 30	/* seconds for a turn to write, then E_BUSY */
};

void
kv_group_init(struct kv_group *g, kv_group_run_fn *run, void *self)
{
	*g = (struct kv_group){ .run = run, .self = self };
	g->last = &g->first;
	pthread_mutex_init(&g->lock, NULL);
}

int64_t
kv_group_patience(void)
{
	return when_monotonic() + (int64_t)WAIT_SECONDS * 1000000;
}

void
kv_group_release(struct kv_group *g)
{
	pthread_mutex_destroy(&g->lock);
}

/* The group's transaction is gone or in doubt: nobody is told otherwise. */
void
kv_group_fail(struct kv_group_member *m, enum err code, const char *why)
{
	for (; m != NULL; m = m->next)
		m->result = fail(m->cx, code, "%s", why);
}

struct kv_group_member *
kv_group_take(struct kv_group *g)
{
	struct kv_group_member	*first, *m;
	size_t			 n = 1;

	pthread_mutex_lock(&g->lock);
	m = first = g->first;
	for (; m != NULL; m = m->next, n++) {
		m->taken = true;
		if (n == BATCH || m->next == NULL)
			break;
	}
	g->first = m != NULL ? m->next : NULL;
	if (g->first == NULL)
		g->last = &g->first;
	if (m != NULL)
		m->next = NULL;
	pthread_mutex_unlock(&g->lock);
	metric_add(METRIC_kv_batches, 1);
	metric_add(METRIC_kv_writes, n);
	return first;
}

/* The next in the queue may kv_group_lead.  Called with the lock held. */
static void
kv_group_pass_on(struct kv_group *g)
{
	g->led = false;
	if (g->first != NULL)
		pthread_cond_signal(&g->first->wake);
}

/* Lead one batch, then answer all of it. */
static void
kv_group_lead(struct cx *cx, struct kv_group *g)
{
	struct kv_group_member	*m, *next;

	m = g->run(cx, g->self);
	pthread_mutex_lock(&g->lock);
	for (; m != NULL; m = next) {
		next = m->next;
		m->done = true;
		pthread_cond_signal(&m->wake);
	}
	kv_group_pass_on(g);
	pthread_mutex_unlock(&g->lock);
}

static void
kv_group_queue_leave(struct kv_group *g, struct kv_group_member *me)
{
	struct kv_group_member	**at;

	for (at = &g->first; *at != me; at = &(*at)->next)
		assert(*at != NULL);
	*at = me->next;
	if (*at == NULL)
		g->last = at;
}

enum err
kv_group_write(struct cx *cx, struct kv_group *g, kv_fn *fn, void *arg)
{
	struct kv_group_member	me = { .cx = cx, .fn = fn, .arg = arg };
	pthread_condattr_t	clock;	/* no step of the time matters */
	struct timespec		until;
	int			late = 0;

	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&me.wake, &clock);
	pthread_condattr_destroy(&clock);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WAIT_SECONDS;
	pthread_mutex_lock(&g->lock);
	*g->last = &me;
	g->last = &me.next;
	while (!me.done) {
		if (!g->led && !me.taken) {
			g->led = true;
			pthread_mutex_unlock(&g->lock);
			kv_group_lead(cx, g);
			pthread_mutex_lock(&g->lock);
			continue;
		}
		if (late == ETIMEDOUT && !me.taken) {
			kv_group_queue_leave(g, &me);
			me.result = fail(cx, E_BUSY, "waited %d s to write",
			    WAIT_SECONDS);
			break;
		}
		late = pthread_cond_timedwait(&me.wake, &g->lock, &until);
		if (late == ETIMEDOUT && me.taken)
			until.tv_sec += WAIT_SECONDS;
	}
	pthread_mutex_unlock(&g->lock);
	pthread_cond_destroy(&me.wake);
	return me.result;
}

void
kv_group_lead_begin(struct kv_group *g)
{
	const struct timespec	nap = { 0, 1000 * 1000 };

	pthread_mutex_lock(&g->lock);
	while (g->led) {
		pthread_mutex_unlock(&g->lock);
		nanosleep(&nap, NULL);
		pthread_mutex_lock(&g->lock);
	}
	g->led = true;
	pthread_mutex_unlock(&g->lock);
}

void
kv_group_lead_end(struct kv_group *g)
{
	pthread_mutex_lock(&g->lock);
	kv_group_pass_on(g);
	pthread_mutex_unlock(&g->lock);
}
