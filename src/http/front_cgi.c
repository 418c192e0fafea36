/*
 * Plain CGI: standard input and output, one request.  Nobody else looks at the
 * clock of this process: it looks itself, whenever it has waited a little.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/cx.h"
#include "base/limit.h"
#include "base/metric.h"
#include "base/when.h"
#include "http/http.h"
#include "http/pace.h"
#include "http/slots.h"

enum { LOOK_MS = 100, PIECE = 4096 /* what a pipe that is ready takes */ };

struct transfer {
	struct pace	 pace;
	struct slots	*slots;
	int		 slot;
	int64_t		 deadline;	/* us; 0: none */
};

/* May it wait on? */
static enum err
front_cgi_look(struct cx *cx, struct transfer *t)
{
	int64_t	now = when_monotonic();
	bool	slow = pace_is_slow(&t->pace, now);

	/* More processes than slots: a slow one must have one. */
	if (slow && t->slot < 0)
		t->slot = slots_take(t->slots);
	if (slots_say(t->slots, t->slot, slow, pace_rate(&t->pace, now)) ||
	    (slow && t->slot < 0))
		return fail(cx, E_BUSY, "too many clients are slow, and this "
		    "one is the slowest: try again");
	if (slow)
		slots_judge(t->slots);
	if (pace_is_over(&t->pace, now) ||
	    (t->deadline != 0 && now > t->deadline))
		return fail(cx, E_SLOW, "the client moved fewer than %d bytes "
		    "a second: try again over a faster connection",
		    LIMIT_LEAST_RATE);
	return OK;
}

/* Until fd is ready for events; errors of it show at the call after this. */
static enum err
ready(struct cx *cx, struct transfer *t, int fd, short events)
{
	struct pollfd	p = { .fd = fd, .events = events };
	enum err	e;

	pace_wait(&t->pace, events == POLLIN ? PACE_BODY : PACE_ANSWER,
	    when_monotonic());
	while (poll(&p, 1, LOOK_MS) == 0)
		if ((e = front_cgi_look(cx, t)) != OK) {
			metric_add(METRIC_transfers_ended, 1);
			return e;
		}
	return OK;
}

static enum err
cgi_body_read(struct cx *cx, void *self, void *p, size_t n, size_t *got)
{
	struct transfer	*t = self;
	ssize_t		 r;
	enum err	 e;

	if ((e = ready(cx, t, STDIN_FILENO, POLLIN)) != OK)
		return e;
	do
		r = read(STDIN_FILENO, p, n);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return fail(cx, E_INCOMPLETE_BODY, "the client went away");
	pace_moved(&t->pace, when_monotonic(), (uint64_t)r);
	*got = (size_t)r;
	return OK;
}

static enum err
cgi_write(struct cx *cx, void *self, const void *p, size_t n)
{
	struct transfer	*t = self;
	const char	*at = p;
	ssize_t		 done;
	enum err	 e;

	/* lighttpd ends a CGI program as soon as it has the whole answer; the
	 * request is counted and logged after it. */
	signal(SIGTERM, SIG_IGN);
	while (n > 0) {
		if ((e = ready(cx, t, STDOUT_FILENO, POLLOUT)) != OK)
			return e;
		done = write(STDOUT_FILENO, at, n < PIECE ? n : PIECE);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return fail(cx, E_STORE, "the client went away");
		pace_moved(&t->pace, when_monotonic(), (uint64_t)done);
		at += done;
		n -= (size_t)done;
	}
	return OK;
}

static void
cgi_hurry(void *self, int64_t ms)
{
	struct transfer	*t = self;

	t->deadline = ms > 0 ? when_monotonic() + ms * 1000 : 0;
}

enum err
front_cgi_run(struct cx *cx, char **env, const struct front_opts *opt)
{
	struct transfer		t = { 0 };
	struct front_body	body = { { cgi_body_read, &t }, false,
	    cgi_hurry };
	struct sink		out = { cgi_write, &t, NULL };
	enum err		e;

	if ((e = slots_open(cx, opt->slots, opt->processes, &t.slots)) != OK)
		return e;
	/* A client that goes away is an error of a write, and has its line. */
	signal(SIGPIPE, SIG_IGN);
	pace_init(&t.pace);
	t.slot = slots_take(t.slots);
	opt->serve(opt->arg, env, &body, &out);
	slots_leave(t.slots, t.slot);
	return OK;
}
