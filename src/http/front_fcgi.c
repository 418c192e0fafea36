/*
 * FastCGI: an accept loop in each thread.  Home of libfcgi.
 *
 * libfcgi's own handler of SIGTERM wakes one thread and leaves the others in
 * accept, and with them the process and its socket.  So the signals are blocked
 * before anything starts, the main thread waits for them, waits for the
 * requests at work, and ends the process.
 *
 * No thread waits inside accept: it could take a connection at the moment of
 * the end, and lose it.  A thread counts itself at work, and only then accepts
 * what is there, or else waits for the socket with epoll; what none has
 * accepted stays in the socket's queue, for the next process when a service
 * manager holds it.
 *
 * libfcgi blocks where its peer does not read or write, without any limit.  It
 * may: each thread says when it begins to wait for the peer, the main thread
 * looks at all who wait, and shuts the connection down where the pace or the
 * rule for slow ones ends it; the call in libfcgi then returns.  So connections
 * are accepted and closed here: who shuts one down must know that it is still
 * the same.
 */
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/budget.h"
#include "base/cx.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/when.h"
#include "http/crew.h"
#include "http/http.h"
#include "http/pace.h"
#include "http/slots.h"

enum {
	DRAIN_MS = 30000,	/* for requests at work, at the end */
	LINGER_MS = 2000,	/* for the peer to close */
	LOOK_MS = 10, LOOK_SELDOM_MS = 100,
	WAITS_US = 10000,	/* from then on a thread counts as waiting */
	LAST_WORDS_US = 1000000,
	PIECE = 32 * 1024
};

/* One request; what others look at belongs to the front's lock. */
struct transfer {
	struct fcgi_front	*front;
	struct transfer		*next, **back;
	FCGX_Request		 r;
	int			 fd, slot;
	bool			 counted;	/* as waiting, by the crew */
	struct pace		 pace;
	int64_t			 deadline;	/* us; 0: none */
	int64_t			 ended_at;
	enum err		 ended;		/* OK: it goes on */
};

struct fcgi_front {
	int			 fd;
	const struct front_opts	*opt;
	struct crew		*crew;
	struct slots		*slots;
	pthread_t		 watcher;
	atomic_int		 at_work;
	atomic_bool		 ending;
	pthread_mutex_t		 lock;
	struct transfer		*transfers;
	size_t			 n_transfers;
	bool			 asleep;	/* the watcher, for long */
};

static void
waits(struct transfer *t, enum pace_of of)
{
	pthread_mutex_lock(&t->front->lock);
	pace_wait(&t->pace, of, when_monotonic());
	pthread_mutex_unlock(&t->front->lock);
}

static void
moved(struct transfer *t, uint64_t bytes)
{
	bool	counted;

	pthread_mutex_lock(&t->front->lock);
	pace_moved(&t->pace, when_monotonic(), bytes);
	counted = t->counted;
	t->counted = false;
	pthread_mutex_unlock(&t->front->lock);
	if (counted)
		crew_works(t->front->crew);
}

static enum err
failed(struct cx *cx, const struct transfer *t, enum err gone)
{
	if (t->ended == E_BUSY)
		return fail(cx, E_BUSY, "too many clients are slow, and this "
		    "one is the slowest: try again");
	if (t->ended == E_SLOW)
		return fail(cx, E_SLOW, "the client moved fewer than %d bytes "
		    "a second: try again over a faster connection",
		    LIMIT_LEAST_RATE);
	return fail(cx, gone, "the client went away");
}

static enum err
fcgi_read(struct cx *cx, void *self, void *p, size_t n, size_t *got)
{
	struct transfer	*t = self;
	FCGX_Stream	*in = t->r.in;
	char		*at = p;
	size_t		 left;
	int		 c;

	*got = 0;
	if (n == 0)
		return OK;
	if (in->rdNext == in->stop) {
		waits(t, PACE_BODY);
		c = FCGX_GetChar(in);
		moved(t, c != EOF ? (uint64_t)(in->stop - in->rdNext) + 1 : 0);
		/* A client that goes shows as an end and this. */
		if (c == EOF && FCGX_GetError(in) != 0)
			return failed(cx, t, E_INCOMPLETE_BODY);
		if (c == EOF)
			return OK;
		*at++ = (char)c;
		*got = 1;
	}
	/* What is there: more would wait for it. */
	left = (size_t)(in->stop - in->rdNext);
	n = left < n - *got ? left : n - *got;
	*got += (size_t)FCGX_GetStr(at, (int)n, in);
	return OK;
}

static enum err
fcgi_write(struct cx *cx, void *self, const void *p, size_t n)
{
	struct transfer	*t = self;
	const char	*at = p;
	int		 part, done;

	while (n > 0) {
		part = n < PIECE ? (int)n : PIECE;
		waits(t, PACE_ANSWER);
		done = FCGX_PutStr(at, part, t->r.out);
		moved(t, done > 0 ? (uint64_t)done : 0);
		if (done != part)
			return failed(cx, t, E_STORE);
		at += part;
		n -= (size_t)part;
	}
	return OK;
}

/* The kernel that has room at all has it for SINK_PIECE: it says so when a good
 * part of its buffer is empty. */
static bool
fcgi_waits(void *self, int64_t until)
{
	struct transfer	*t = self;
	struct pollfd	 p = { .fd = t->fd, .events = POLLOUT };
	int64_t		 left = until - when_monotonic();
	int		 ready;

	if (left <= 0)
		return true;
	waits(t, PACE_ANSWER);
	ready = poll(&p, 1, (int)(left / 1000) + 1);
	moved(t, 0);
	return ready == 0;
}

static void
fcgi_hurry(void *self, int64_t ms)
{
	struct transfer	*t = self;

	pthread_mutex_lock(&t->front->lock);
	t->deadline = ms > 0 ? when_monotonic() + ms * 1000 : 0;
	pthread_mutex_unlock(&t->front->lock);
}

/* Who is read from may still be told why; an answer is cut. */
static void
end(struct transfer *t, enum err why, int64_t now)
{
	if (t->ended == OK) {
		t->ended = why;
		t->ended_at = now;
		metric_add(METRIC_transfers_ended, 1);
		shutdown(t->fd, t->pace.of == PACE_BODY ? SHUT_RD : SHUT_RDWR);
	} else if (now - t->ended_at > LAST_WORDS_US)
		shutdown(t->fd, SHUT_RDWR);
}

/* One transfer that waits for its client: may it?  Slow ones say true. */
static bool
look_at(struct fcgi_front *f, struct transfer *t, int64_t now)
{
	bool	slow = pace_is_slow(&t->pace, now), told;

	if (!t->counted && pace_waits(&t->pace, now) >= WAITS_US) {
		t->counted = true;
		crew_waits(f->crew);
	}
	/* More processes than slots: a slow one must have one. */
	if (slow && t->slot < 0)
		t->slot = slots_take(f->slots);
	told = slots_say(f->slots, t->slot, slow, pace_rate(&t->pace, now)) ||
	    (slow && t->slot < 0);
	if (t->ended != OK)
		end(t, t->ended, now);
	else if (pace_is_over(&t->pace, now) ||
	    (t->deadline != 0 && now > t->deadline))
		end(t, E_SLOW, now);
	else if (told)
		end(t, E_BUSY, now);
	return slow;
}

/* All transfers that wait; how long the watcher may sleep then, in ms. */
static int
front_fcgi_look(struct fcgi_front *f)
{
	struct transfer	*t;
	int64_t		 now;
	int		 ms = -1;
	bool		 slow = false;

	pthread_mutex_lock(&f->lock);
	now = when_monotonic();
	for (t = f->transfers; t != NULL; t = t->next) {
		if (ms < 0)
			ms = LOOK_SELDOM_MS;
		if (t->pace.since != 0)
			slow |= look_at(f, t, now);
		if (!t->counted)
			ms = LOOK_MS;
	}
	while (slow && slots_judge(f->slots))
		ms = LOOK_MS;
	f->asleep = ms != LOOK_MS;
	pthread_mutex_unlock(&f->lock);
	return ms;
}

static void
transfer_begin(struct fcgi_front *f, struct transfer *t, int fd)
{
	t->fd = fd;
	t->slot = slots_take(f->slots);
	t->counted = false;
	t->deadline = 0;
	t->ended = OK;
	pace_init(&t->pace);
	pthread_mutex_lock(&f->lock);
	t->next = f->transfers;
	t->back = &f->transfers;
	if (t->next != NULL)
		t->next->back = &t->next;
	f->transfers = t;
	budget_requests(++f->n_transfers);
	if (f->asleep)
		pthread_kill(f->watcher, SIGUSR2);
	f->asleep = false;
	pthread_mutex_unlock(&f->lock);
}

/* The peer closes first, within bounds: bytes of its that nobody read would
 * make the kernel throw away ours. */
static void
linger(int fd)
{
	char		window[4096];
	struct pollfd	p = { .fd = fd, .events = POLLIN };
	int64_t		until = when_monotonic() + LINGER_MS * 1000, left;

	shutdown(fd, SHUT_WR);
	while ((left = until - when_monotonic()) > 0 &&
	    poll(&p, 1, (int)(left / 1000)) > 0 &&
	    recv(fd, window, sizeof window, MSG_DONTWAIT) > 0)
		continue;
}

static void
transfer_end(struct fcgi_front *f, struct transfer *t)
{
	waits(t, PACE_ANSWER);
	if (t->r.in != NULL) {
		FCGX_FClose(t->r.err);
		FCGX_FClose(t->r.out);
	}
	FCGX_Free(&t->r, 0);
	linger(t->fd);
	moved(t, 0);
	pthread_mutex_lock(&f->lock);
	*t->back = t->next;
	if (t->next != NULL)
		t->next->back = t->back;
	budget_requests(--f->n_transfers);
	pthread_mutex_unlock(&f->lock);
	slots_leave(f->slots, t->slot);
	close(t->fd);
}

/* libfcgi is handed a connection as one that was kept. */
static int
request_read(struct transfer *t)
{
	int	rc;

	t->r.ipcFd = t->fd;
	t->r.keepConnection = 1;
	waits(t, PACE_BODY);
	rc = FCGX_Accept_r(&t->r);
	moved(t, 0);
	return rc;
}

static void
serve_one(struct fcgi_front *f, struct transfer *t, int fd)
{
	struct front_body	body = { { fcgi_read, t }, true, fcgi_hurry };
	/* A process of one request has its memory to itself. */
	struct sink		out = { fcgi_write, t,
	    f->opt->threads > 1 ? fcgi_waits : NULL };

	crew_busy(f->crew);
	transfer_begin(f, t, fd);
	if (request_read(t) == 0)
		f->opt->serve(f->opt->arg, t->r.envp, &body, &out);
	transfer_end(f, t);
	if (f->opt->idle != NULL)
		f->opt->idle(f->opt->arg);
}

/* Of no descriptor there is one later; a socket that is none stays so. */
static bool
will_pass(int error)
{
	return error == EINTR || error == ECONNABORTED || error == EMFILE ||
	    error == ENFILE || error == ENOBUFS || error == ENOMEM ||
	    error == EPROTO || error == EPERM;
}

/* Accept and serve one, unless the end has begun; 0, EAGAIN (none is there),
 * ECANCELED (the end, or this thread's), or why there never will be one. */
static int
next(struct fcgi_front *f, struct transfer *t)
{
	int	fd, rc = 0;
	bool	goes_on = true;

	atomic_fetch_add(&f->at_work, 1);
	if (atomic_load(&f->ending))
		rc = ECANCELED;
	else if ((fd = accept4(f->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		serve_one(f, t, fd);
	else
		rc = errno;
	atomic_fetch_sub(&f->at_work, 1);
	if (rc == 0)
		goes_on = crew_done(f->crew);
	return goes_on ? rc : ECANCELED;
}

static void *
accept_loop(void *arg)
{
	struct fcgi_front	*f = arg;
	/* Exclusive: one connection wakes one thread, or few. */
	struct epoll_event	 want = { .events = EPOLLIN |
	    EPOLLEXCLUSIVE }, came;
	const struct timespec	 nap = { 0, 100 * 1000 * 1000 };
	struct transfer		 t = { .front = f };
	int			 ep = epoll_create1(EPOLL_CLOEXEC), rc = 0;

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, f->fd, &want) != 0 ||
	    FCGX_InitRequest(&t.r, f->fd, 0) != 0)
		rc = EBADF;
	while (rc == 0) {
		rc = next(f, &t);
		if (rc == EAGAIN)
			rc = epoll_wait(ep, &came, 1, CREW_REST_MS) != 0 ||
			    crew_rested(f->crew) ? 0 : ECANCELED;
		else if (will_pass(rc)) {
			nanosleep(&nap, NULL);
			rc = 0;
		}
	}
	close(ep);
	/* The memory of many requests goes back when the last extra ends. */
	if (rc == ECANCELED && crew_is_small(f->crew))
		malloc_trim(0);
	/* A socket that cannot be accepted from is gone for all threads: a
	 * process without any would stay for ever. */
	if (rc != ECANCELED)
		kill(getpid(), SIGTERM);
	return NULL;
}

/* Until a signal asks for the end, or for ms; true: it did. */
static bool
watch(const sigset_t *set, int ms)
{
	const struct timespec	wait = { ms / 1000, ms % 1000 * 1000000L };
	int			sig;

	if (ms < 0)
		sigwait(set, &sig);
	else
		sig = sigtimedwait(set, NULL, &wait);
	return sig > 0 && sig != SIGUSR2;
}

/* Each transfer has a connection, a file of bytes, an epoll. */
static void
descriptors(unsigned threads)
{
	struct rlimit	r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0 ||
	    r.rlim_cur >= 4 * (rlim_t)threads + 256)
		return;
	r.rlim_cur = 4 * (rlim_t)threads + 256;
	if (r.rlim_cur > r.rlim_max)
		r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

enum err
front_fcgi_run(struct cx *cx, int fd, const struct front_opts *opt)
{
	static struct fcgi_front	 f;	/* threads outlive this call */
	const struct timespec		 nap = { 0, 10 * 1000 * 1000 };
	sigset_t			 set;
	int64_t				 until;
	enum err			 e;

	f.fd = fd;
	f.opt = opt;
	f.watcher = pthread_self();
	pthread_mutex_init(&f.lock, NULL);
	if (opt->threads > 1)
		f.slots = slots_new(opt->threads);
	else if ((e = slots_open(cx, opt->slots, opt->processes,
	    &f.slots)) != OK)
		return e;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGINT);
	/* Threads must not take the signals that this one waits for. */
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	descriptors(opt->threads);
	/* Of several threads that one connection woke, all but one go on. */
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	if (FCGX_Init() != 0)
		return fail(cx, E_STORE, "libfcgi cannot start");
	f.crew = crew_new(opt->threads, accept_loop, &f);
	if (!crew_start(f.crew))
		return fail(cx, E_STORE, "cannot start a thread");
	while (!watch(&set, front_fcgi_look(&f)))
		continue;
	atomic_store(&f.ending, true);
	/* By the clock: under load a nap takes longer than it says. */
	until = when_monotonic() + DRAIN_MS * INT64_C(1000);
	while (atomic_load(&f.at_work) > 0 && when_monotonic() < until) {
		nanosleep(&nap, NULL);
		front_fcgi_look(&f);
	}
	return OK;
}

enum err
front_fcgi_listen(struct cx *cx, const char *path, unsigned mode, int *fd)
{
	struct sockaddr_un	 at = { .sun_family = AF_UNIX };
	mode_t			 saved;
	int			 probe, taken;

	if (strlen(path) >= sizeof at.sun_path)
		return fail(cx, E_BAD_ARGUMENT, "%s is longer than a socket's "
		    "name may be", path);
	memcpy(at.sun_path, path, strlen(path));
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	taken = connect(probe, (struct sockaddr *)&at, sizeof at);
	close(probe);
	if (taken == 0)
		return fail(cx, E_BAD_ARGUMENT, "another process serves %s",
		    path);
	saved = umask(~mode & 0777);
	*fd = FCGX_OpenSocket(path, SOMAXCONN);
	umask(saved);
	if (*fd < 0)
		return fail(cx, E_BAD_ARGUMENT, "%s cannot be made: %s", path,
		    strerror(errno));
	return OK;
}

bool
front_is_cgi(void)
{
	return FCGX_IsCGI();
}
