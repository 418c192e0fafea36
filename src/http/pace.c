/* How well a client keeps up with its transfer. */
#include "http/pace.h"

#include "base/fault.h"
#include "base/limit.h"

enum { SECOND = 1000000, OF_LATE = 10 * SECOND };

/* The waiting that so many bytes are worth at so many a second. */
static int64_t
worth(uint64_t bytes, int64_t rate)
{
	const uint64_t	most = UINT64_C(1) << 40;

	return (int64_t)(bytes < most ? bytes : most) * SECOND / rate;
}

static int64_t
most_saved(enum pace_of of, int64_t begin, int64_t rate)
{
	return begin + worth(of == PACE_ANSWER ? LIMIT_HELD_ANSWER :
	    LIMIT_HELD_BODY, rate);
}

static int64_t
add(int64_t left, int64_t more, int64_t most)
{
	return left + more < most ? left + more : most;
}

void
pace_init(struct pace *p)
{
	*p = (struct pace){ .least = (int64_t)LIMIT_PATIENCE * SECOND,
	    .keep = SECOND };
}

void
pace_wait(struct pace *p, enum pace_of of, int64_t now)
{
	p->of = of;
	p->since = now;
}

int64_t
pace_waits(const struct pace *p, int64_t now)
{
	return p->since != 0 && now > p->since ? now - p->since : 0;
}

void
pace_moved(struct pace *p, int64_t now, uint64_t bytes)
{
	int64_t	us = pace_waits(p, now);

	p->since = 0;
	p->least = add(p->least - us, worth(bytes, LIMIT_LEAST_RATE),
	    most_saved(p->of, (int64_t)LIMIT_PATIENCE * SECOND,
	    LIMIT_LEAST_RATE));
	p->keep = add(p->keep - us, worth(bytes, LIMIT_KEEP_UP),
	    most_saved(p->of, SECOND, LIMIT_KEEP_UP));
	p->waited += us;
	p->moved += bytes;
	while (p->waited > OF_LATE) {
		p->waited /= 2;
		p->moved /= 2;
	}
}

bool
pace_is_slow(const struct pace *p, int64_t now)
{
	return !fault_skip("PACE_SLOW") && p->keep < pace_waits(p, now);
}

bool
pace_is_over(const struct pace *p, int64_t now)
{
	return !fault_skip("PACE_LEAST") && p->least < pace_waits(p, now);
}

uint64_t
pace_rate(const struct pace *p, int64_t now)
{
	int64_t	us = p->waited + pace_waits(p, now);

	return us > 0 ? p->moved * SECOND / (uint64_t)us : UINT64_MAX;
}
