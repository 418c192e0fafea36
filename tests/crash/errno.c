/*
 * Makes one system call of a program fail, by LD_PRELOAD: the n-th call of a
 * kind, from when it is asked for, with an errno.  The file that ERRNO_CONTROL
 * names is a struct control, shared with the test that asks (test_errno.py).
 * Calls of libraries that are linked statically, SQLite among them, come here
 * too: all go through libc.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* In the order of KINDS in test_errno.py. */
enum kind { NONE, OPEN, READ, PREAD, WRITE, PWRITE, SYNC, TRUNCATE, MMAP, LOCK,
	STAT, UNLINK, RENAME, DIR_OPEN, MKDIR, CHMOD, SPACE, CLOSE, ACCEPT,
	POLL, RECV, SEND, CLOCK, RANDOM, THREAD, KINDS };

enum {				/* instead of an errno */
	SHORT = -1,		/* half is done */
	KILL = -2		/* the process ends before the call */
};

static struct control {
	atomic_int	armed;		/* kind */
	atomic_int	nth, error, sticky;
	atomic_int	seen, hits;
	atomic_int	counts[KINDS];
} *control, nothing;

static void *
real_of(const char *name)
{
	void	*p = dlsym(RTLD_NEXT, name);

	if (p == NULL)
		abort();
	return p;
}

/* Called before main, and earlier when a constructor makes calls. */
__attribute__((constructor)) static void
begin(void)
{
	const char	*path = getenv("ERRNO_CONTROL");
	int		 (*real)(const char *, int, ...) = real_of("open");
	void		*(*map)(void *, size_t, int, int, int, off_t) =
	    real_of("mmap");
	int		 fd;

	if (control != NULL)
		return;
	control = &nothing;
	if (path == NULL || (fd = real(path, O_RDWR | O_CLOEXEC)) < 0)
		return;
	control = map(NULL, sizeof *control, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	((int (*)(int))real_of("close"))(fd);
	if (control == MAP_FAILED)
		abort();
}

/* Is this the call that fails?  Then *error is set. */
static bool
hit(enum kind kind, int *error)
{
	int	n;

	if (control == NULL)
		begin();
	atomic_fetch_add(&control->counts[kind], 1);
	if (atomic_load(&control->armed) != (int)kind)
		return false;
	n = atomic_fetch_add(&control->seen, 1) + 1;
	if (n != control->nth && !(control->sticky && n > control->nth))
		return false;
	atomic_fetch_add(&control->hits, 1);
	*error = control->error;
	if (*error == KILL)
		kill(getpid(), SIGKILL);
	return true;
}

static bool
fails(enum kind kind)
{
	int	error;

	if (!hit(kind, &error) || error == SHORT)
		return false;
	errno = error;
	return true;
}

/* The same for calls that may do a part; *n becomes less. */
static bool
fails_or_less(enum kind kind, size_t *n)
{
	int	error;

	if (!hit(kind, &error))
		return false;
	if (error == SHORT) {
		*n = *n > 1 ? *n / 2 : *n;
		return false;
	}
	errno = error;
	return true;
}

static bool
is_socket(int fd)
{
	int		before = errno, type;
	socklen_t	n = sizeof type;
	bool		is = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type,
	    &n) == 0;

	errno = before;
	return is;
}

/* ---- files ------------------------------------------------------------- */

#define WRAP(type, name, params, args, kind, failed)			\
	type name params;						\
	type								\
	name params							\
	{								\
		static type (*real) params;				\
									\
		if (real == NULL)					\
			real = real_of(#name);				\
		return fails(kind) ? failed : real args;		\
	}

#define WRAP_OPEN(name)							\
	int	name(const char *path, int flags, ...);			\
	int								\
	name(const char *path, int flags, ...)				\
	{								\
		static int	(*real)(const char *, int, ...);	\
		va_list		ap;					\
		mode_t		mode;					\
									\
		va_start(ap, flags);					\
		mode = (flags & (O_CREAT | __O_TMPFILE)) ?		\
		    va_arg(ap, mode_t) : 0;				\
		va_end(ap);						\
		if (real == NULL)					\
			real = real_of(#name);				\
		return fails(OPEN) ? -1 : real(path, flags, mode);	\
	}

#define WRAP_DATA(name, kind_file, kind_socket, params, args)	\
	ssize_t	name params;						\
	ssize_t								\
	name params							\
	{								\
		static ssize_t	(*real) params;				\
									\
		if (real == NULL)					\
			real = real_of(#name);				\
		return fails_or_less(kind_file != kind_socket &&	\
		    is_socket(fd) ? kind_socket : kind_file, &n) ?	\
		    -1 : real args;					\
	}

WRAP_OPEN(open)
WRAP_OPEN(open64)
WRAP(void *, fopen, (const char *path, const char *mode), (path, mode), OPEN,
    NULL)
WRAP(void *, fopen64, (const char *path, const char *mode), (path, mode),
    OPEN, NULL)
WRAP_DATA(read, READ, RECV, (int fd, void *p, size_t n), (fd, p, n))
WRAP_DATA(write, WRITE, SEND, (int fd, const void *p, size_t n), (fd, p, n))
WRAP_DATA(pread, PREAD, PREAD, (int fd, void *p, size_t n, off_t at),
    (fd, p, n, at))
WRAP_DATA(pread64, PREAD, PREAD, (int fd, void *p, size_t n, off_t at),
    (fd, p, n, at))
WRAP_DATA(pwrite64, PWRITE, PWRITE, (int fd, const void *p, size_t n,
    off_t at), (fd, p, n, at))
WRAP_DATA(recv, RECV, RECV, (int fd, void *p, size_t n, int flags),
    (fd, p, n, flags))
WRAP(int, fsync, (int fd), (fd), SYNC, -1)
WRAP(int, fdatasync, (int fd), (fd), SYNC, -1)
WRAP(int, ftruncate, (int fd, off_t n), (fd, n), TRUNCATE, -1)
WRAP(int, ftruncate64, (int fd, off_t n), (fd, n), TRUNCATE, -1)
WRAP(void *, mmap, (void *p, size_t n, int prot, int flags, int fd, off_t at),
    (p, n, prot, flags, fd, at), MMAP, MAP_FAILED)
WRAP(void *, mmap64, (void *p, size_t n, int prot, int flags, int fd,
    off_t at), (p, n, prot, flags, fd, at), MMAP, MAP_FAILED)
WRAP(int, flock, (int fd, int how), (fd, how), LOCK, -1)
WRAP(int, access, (const char *path, int how), (path, how), STAT, -1)
WRAP(int, stat, (const char *path, void *to), (path, to), STAT, -1)
WRAP(int, stat64, (const char *path, void *to), (path, to), STAT, -1)
WRAP(int, lstat, (const char *path, void *to), (path, to), STAT, -1)
WRAP(int, lstat64, (const char *path, void *to), (path, to), STAT, -1)
WRAP(int, fstat, (int fd, void *to), (fd, to), STAT, -1)
WRAP(int, fstat64, (int fd, void *to), (fd, to), STAT, -1)
WRAP(int, unlink, (const char *path), (path), UNLINK, -1)
WRAP(int, rename, (const char *from, const char *to), (from, to), RENAME, -1)
WRAP(void *, opendir, (const char *path), (path), DIR_OPEN, NULL)
WRAP(void *, readdir, (void *dir), (dir), DIR_OPEN, NULL)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), MKDIR, -1)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), CHMOD, -1)
WRAP(int, fchown, (int fd, uid_t user, gid_t group), (fd, user, group), CHMOD,
    -1)
WRAP(int, statvfs, (const char *path, void *to), (path, to), SPACE, -1)

int
fcntl64(int fd, int what, ...)
{
	static int	(*real)(int, int, ...);
	va_list		 ap;
	void		*arg;

	va_start(ap, what);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (real == NULL)
		real = real_of("fcntl64");
	return (what == F_SETLK || what == F_GETLK || what == F_SETLKW) &&
	    fails(LOCK) ? -1 : real(fd, what, arg);
}

/* It is closed in any case, as Linux does it. */
int
close(int fd)
{
	static int	(*real)(int);
	int		 e;

	if (real == NULL)
		real = real_of("close");
	if (!hit(CLOSE, &e))
		return real(fd);
	real(fd);
	errno = e;
	return -1;
}

/* ---- sockets, time, chance, threads ------------------------------------ */

WRAP(int, accept, (int fd, __SOCKADDR_ARG to, socklen_t *n), (fd, to, n),
    ACCEPT, -1)
WRAP(int, accept4, (int fd, __SOCKADDR_ARG to, socklen_t *n, int flags),
    (fd, to, n, flags), ACCEPT, -1)
WRAP(int, poll, (struct pollfd *fds, nfds_t n, int ms), (fds, n, ms), POLL,
    -1)
WRAP(int, select, (int n, fd_set *r, fd_set *w, fd_set *e,
    struct timeval *t), (n, r, w, e, t), POLL, -1)
WRAP(int, epoll_wait, (int fd, void *to, int n, int ms), (fd, to, n, ms),
    POLL, -1)
WRAP(int, clock_gettime, (clockid_t id, struct timespec *to), (id, to), CLOCK,
    -1)
WRAP(int, gettimeofday, (void *to, void *zone), (to, zone), CLOCK, -1)
WRAP(ssize_t, getrandom, (void *p, size_t n, unsigned flags), (p, n, flags),
    RANDOM, -1)
WRAP(int, getentropy, (void *p, size_t n), (p, n), RANDOM, -1)
WRAP(int, pthread_create, (pthread_t *to, const pthread_attr_t *how,
    void *(*fn)(void *), void *arg), (to, how, fn, arg), THREAD, errno)
