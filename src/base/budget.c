/* One budget of memory for all requests of a process. */
#include "base/budget.h"

#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/cx.h"
#include "base/fault.h"
#include "base/limit.h"

/* When so much has come and gone, free pages are given to the kernel; when
 * nothing is held, sooner. */
enum { TRIM_AFTER = 16 << 20, TRIM_LAST = 1 << 20 };

/* What a request holds without a claim, and so many of them do not count. */
enum { UNCLAIMED = 160 * 1024, AT_WORK = 16 };

static struct {
	pthread_mutex_t	lock;
	pthread_cond_t	freed;
	size_t		total, used;
	size_t		requests;
	size_t		since;		/* bytes taken since the last trim */
} budget = { .lock = PTHREAD_MUTEX_INITIALIZER, .total = SIZE_MAX };

void
budget_init(size_t bytes)
{
	pthread_condattr_t	attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&budget.freed, &attr);
	pthread_condattr_destroy(&attr);
	budget.total = bytes;
}

/* The budget, less what many requests hold beside it; half of it stays. */
static size_t
room(void)
{
	size_t	n = budget.requests > AT_WORK && !fault_skip("BUDGET_BESIDE") ?
	    (budget.requests - AT_WORK) * UNCLAIMED : 0;

	return budget.total - (n < budget.total / 2 ? n : budget.total / 2);
}

static bool
budget_fits(const struct budget_share *mine, size_t n)
{
	return fault_skip("BUDGET") || budget.used == mine->bytes ||
	    (budget.used <= room() && n <= room() - budget.used);
}

static void
share_set(struct budget_share *s, size_t bytes)
{
	if (bytes > s->bytes)
		budget.since += bytes - s->bytes;
	budget.used += bytes - s->bytes;
	s->bytes = bytes;
}

/* Until it fits, or too long; the lock is held. */
static bool
wait_for(const struct budget_share *mine, size_t n)
{
	struct timespec	until;
	int		rc = 0;

	if (budget_fits(mine, n))
		return true;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += LIMIT_MEMORY_WAIT;
	while (!budget_fits(mine, n) && rc == 0)
		rc = pthread_cond_timedwait(&budget.freed, &budget.lock,
		    &until);
	return budget_fits(mine, n);
}

enum err
budget_claim(struct cx *cx, size_t n)
{
	bool	got;

	if (cx->share == NULL || n < BUDGET_LEAST)
		return OK;
	pthread_mutex_lock(&budget.lock);
	got = wait_for(cx->share, n);
	if (got)
		share_set(cx->share, cx->share->bytes + n);
	pthread_mutex_unlock(&budget.lock);
	return got ? OK : fail(cx, E_BUSY, "Other requests hold the memory "
	    "that this one needs. Please reduce your request rate and try "
	    "again.");
}

enum err
budget_need(struct cx *cx, size_t n)
{
	if (cx->share == NULL || n <= cx->share->bytes)
		return OK;
	return budget_claim(cx, n - cx->share->bytes);
}

/* Others may fit now. */
static void
lower(struct budget_share *s, size_t bytes)
{
	bool	trim;

	pthread_mutex_lock(&budget.lock);
	share_set(s, bytes);
	trim = budget.since >= TRIM_AFTER ||
	    (budget.used == 0 && budget.since >= TRIM_LAST);
	if (trim)
		budget.since = 0;
	pthread_cond_broadcast(&budget.freed);
	pthread_mutex_unlock(&budget.lock);
	if (trim)
		malloc_trim(0);
}

void
budget_hold(struct cx *cx, size_t n)
{
	n = n < BUDGET_LEAST ? 0 : n;
	if (cx->share == NULL || cx->share->bytes == n)
		return;
	if (n < cx->share->bytes) {
		lower(cx->share, n);
		return;
	}
	pthread_mutex_lock(&budget.lock);
	share_set(cx->share, n);
	pthread_mutex_unlock(&budget.lock);
}

void
budget_close(struct budget_share *share)
{
	if (share->bytes > 0)
		lower(share, 0);
}

void
budget_requests(size_t n)
{
	pthread_mutex_lock(&budget.lock);
	budget.requests = n;
	pthread_mutex_unlock(&budget.lock);
}

size_t
budget_used(void)
{
	size_t	n;

	pthread_mutex_lock(&budget.lock);
	n = budget.used;
	pthread_mutex_unlock(&budget.lock);
	return n;
}
