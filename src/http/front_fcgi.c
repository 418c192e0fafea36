/*
 * FastCGI: an accept loop in each thread.  Home of libfcgi.
 *
 * libfcgi's own handler of SIGTERM wakes one thread and leaves the others in
 * accept, and with them the process and its socket.  So both signals are
 * blocked before anything starts, the main thread waits for them, waits for
 * the requests at work, and ends the process.
 */
#include <fcgiapp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cx.h"
#include "base/log.h"
#include "http/http.h"

enum { DRAIN_MS = 30000, STACK = 512 * 1024 };

struct fcgi_front {
	int		 fd;
	serve_fn	*serve;
	void		(*idle)(void *);
	void		*arg;
	atomic_int	 at_work;
	atomic_bool	 ending;
};

static enum err
fcgi_read(struct cx *cx, void *self, void *p, size_t n, size_t *got)
{
	FCGX_Request	*r = self;
	int		 r_got;

	r_got = FCGX_GetStr(p, n < INT32_MAX ? (int)n : INT32_MAX, r->in);
	*got = r_got > 0 ? (size_t)r_got : 0;
	/* A client that goes shows as a short read and this. */
	if (*got == 0 && FCGX_GetError(r->in) != 0)
		return fail(cx, E_INCOMPLETE_BODY, "the client went away");
	return OK;
}

static enum err
fcgi_write(struct cx *cx, void *self, const void *p, size_t n)
{
	FCGX_Request	*r = self;

	if (FCGX_PutStr(p, (int)n, r->out) != (int)n)
		return fail(cx, E_STORE, "the client went away");
	return OK;
}

static void *
accept_loop(void *arg)
{
	struct fcgi_front	*f = arg;
	struct source		 body;
	struct sink		 out;
	FCGX_Request		 r;

	if (FCGX_InitRequest(&r, f->fd, 0) != 0)
		return NULL;
	while (!atomic_load(&f->ending) && FCGX_Accept_r(&r) == 0) {
		atomic_fetch_add(&f->at_work, 1);
		body = (struct source){ fcgi_read, &r };
		out = (struct sink){ fcgi_write, &r };
		f->serve(f->arg, r.envp, &body, &out);
		FCGX_Finish_r(&r);
		if (f->idle != NULL)
			f->idle(f->arg);
		atomic_fetch_sub(&f->at_work, 1);
	}
	/* A socket that cannot be accepted from is gone for all threads: a
	 * process without any would stay for ever. */
	kill(getpid(), SIGTERM);
	return NULL;
}

/* Threads must not take the signals that the main thread waits for. */
static enum err
threads_start(struct cx *cx, struct fcgi_front *f, unsigned threads)
{
	pthread_attr_t	attr;
	pthread_t	t;
	unsigned	i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (i = 0; i < threads; i++)
		if (pthread_create(&t, &attr, accept_loop, f) != 0)
			return fail(cx, E_STORE, "cannot start thread %u", i);
	pthread_attr_destroy(&attr);
	return OK;
}

enum err
front_fcgi_run(struct cx *cx, int fd, unsigned threads, serve_fn *serve,
    void (*idle)(void *arg), void *arg)
{
	static struct fcgi_front	 f;	/* threads outlive this call */
	const struct timespec		 nap = { 0, 10 * 1000 * 1000 };
	sigset_t			 set;
	enum err			 e;
	int				 sig, i;

	f.fd = fd;
	f.serve = serve;
	f.idle = idle;
	f.arg = arg;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (FCGX_Init() != 0)
		return fail(cx, E_STORE, "libfcgi cannot start");
	if ((e = threads_start(cx, &f, threads)) != OK)
		return e;
	sigwait(&set, &sig);
	atomic_store(&f.ending, true);
	for (i = 0; atomic_load(&f.at_work) > 0 && i < DRAIN_MS / 10; i++)
		nanosleep(&nap, NULL);
	return OK;
}

bool
front_is_cgi(void)
{
	return FCGX_IsCGI();
}
