/*
 * FastCGI: an accept loop in each thread.  Home of libfcgi.
 *
 * libfcgi's own handler of SIGTERM wakes one thread and leaves the others in
 * accept, and with them the process and its socket.  So both signals are
 * blocked before anything starts, the main thread waits for them, waits for
 * the requests at work, and ends the process.
 *
 * No thread waits inside accept: it could take a connection at the moment of
 * the end, and lose it.  A thread counts itself at work, and only then accepts
 * what is there, or else waits for the socket with epoll; what none has
 * accepted stays in the socket's queue, for the next process when a service
 * manager holds it.
 */
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

/* Serve one connection; -EAGAIN: none is there; less: the socket is of no use
 * any more. */
static int
serve_one(struct fcgi_front *f, FCGX_Request *r)
{
	struct front_body	body = { { fcgi_read, r }, true };
	struct sink		out = { fcgi_write, r };
	int			rc;

	rc = FCGX_Accept_r(r);
	if (rc == -EINTR || rc == -ECONNABORTED)
		return 0;
	if (rc != 0)
		return rc;
	f->serve(f->arg, r->envp, &body, &out);
	FCGX_Finish_r(r);
	if (f->idle != NULL)
		f->idle(f->arg);
	return 0;
}

static void *
accept_loop(void *arg)
{
	struct fcgi_front	*f = arg;
	/* Exclusive: one connection wakes one thread, or few. */
	struct epoll_event	 want = { .events = EPOLLIN |
	    EPOLLEXCLUSIVE }, came;
	FCGX_Request		 r;
	int			 ep = epoll_create1(EPOLL_CLOEXEC), rc = 0;
	bool			 ending = false;

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, f->fd, &want) != 0 ||
	    FCGX_InitRequest(&r, f->fd, 0) != 0)
		rc = -EBADF;
	while (rc == 0 && !ending) {
		atomic_fetch_add(&f->at_work, 1);
		ending = atomic_load(&f->ending);
		if (!ending)
			rc = serve_one(f, &r);
		atomic_fetch_sub(&f->at_work, 1);
		if (rc == -EAGAIN) {
			epoll_wait(ep, &came, 1, -1);
			rc = 0;
		}
	}
	/* A socket that cannot be accepted from is gone for all threads: a
	 * process without any would stay for ever. */
	if (!ending)
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
	/* Of several threads that one connection woke, all but one go on. */
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
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
