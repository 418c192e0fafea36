/* Slots of those who are served, and the end of the slowest. */
#include "http/slots.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fileio.h"

enum { QUICK, SLOW, TOLD };

struct slot {
	_Atomic int32_t		pid;		/* 0: free */
	_Atomic int32_t		state;
	_Atomic uint64_t	rate;
};

struct slots {
	struct slot	*at;
	int		 n;
	bool		 shared;
};

static struct slots *
slots_make(struct slot *at, unsigned n, bool shared)
{
	struct slots	*s = calloc(1, sizeof *s);

	if (s == NULL)
		abort();
	*s = (struct slots){ at, (int)n, shared };
	return s;
}

struct slots *
slots_new(unsigned n)
{
	struct slot	*at = calloc(n, sizeof *at);

	if (at == NULL)
		abort();
	return slots_make(at, n, false);
}

enum err
slots_open(struct cx *cx, const char *path, unsigned n, struct slots **out)
{
	void		*at;
	enum err	 e;

	if ((e = file_map(cx, path, n * sizeof(struct slot), &at)) != OK)
		return e;
	*out = slots_make(at, n, true);
	return OK;
}

void
slots_free(struct slots *s)
{
	if (!s->shared)
		free(s->at);
	free(s);
}

/* Does the process that took it still run?  A killed one left nothing. */
static bool
is_held(const struct slots *s, struct slot *at)
{
	int32_t	pid = atomic_load(&at->pid);

	if (pid == 0 || !s->shared)
		return pid != 0;
	if (kill(pid, 0) == 0 || errno != ESRCH)
		return true;
	atomic_store(&at->state, QUICK);
	atomic_compare_exchange_strong(&at->pid, &pid, 0);
	return false;
}

int
slots_take(struct slots *s)
{
	int32_t	free_pid, own = (int32_t)getpid();
	int	i;

	for (i = 0; i < s->n; i++) {
		free_pid = 0;
		if (is_held(s, &s->at[i]) ||
		    !atomic_compare_exchange_strong(&s->at[i].pid, &free_pid,
		    own))
			continue;
		atomic_store(&s->at[i].state, QUICK);
		return i;
	}
	return -1;
}

void
slots_leave(struct slots *s, int slot)
{
	if (slot < 0)
		return;
	atomic_store(&s->at[slot].state, QUICK);
	atomic_store(&s->at[slot].pid, 0);
}

bool
slots_say(struct slots *s, int slot, bool slow, uint64_t rate)
{
	int32_t	was;

	if (slot < 0)
		return false;
	was = atomic_load(&s->at[slot].state);
	if (was == TOLD)
		return true;
	atomic_store(&s->at[slot].rate, rate);
	return !atomic_compare_exchange_strong(&s->at[slot].state, &was,
	    slow ? SLOW : QUICK) && was == TOLD;
}

/* How many are slow, and the slowest of them; the dead are looked for only
 * when it matters: each costs a system call. */
static int
count_slow(struct slots *s, bool living, int *slowest)
{
	uint64_t	rate, least = UINT64_MAX;
	int		i, slow = 0;

	*slowest = -1;
	for (i = 0; i < s->n; i++) {
		if (atomic_load(&s->at[i].state) != SLOW ||
		    (living && !is_held(s, &s->at[i])))
			continue;
		slow++;
		rate = atomic_load(&s->at[i].rate);
		if (*slowest < 0 || rate < least) {
			*slowest = i;
			least = rate;
		}
	}
	return slow;
}

bool
slots_judge(struct slots *s)
{
	int32_t	was = SLOW;
	int	slowest, most = s->n - s->n / 4;

	if (fault_skip("SLOWEST_ENDS") ||
	    count_slow(s, false, &slowest) <= most ||
	    (s->shared && count_slow(s, true, &slowest) <= most))
		return false;
	return atomic_compare_exchange_strong(&s->at[slowest].state, &was,
	    TOLD);
}
