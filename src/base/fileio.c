/* Files, durably.  Home of open, rename, unlink, fsync and flock. */
#include "base/fileio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/cx.h"
#include "base/fault.h"
#include "base/ident.h"
#include "base/when.h"

enum { LOCK_NAP_US = 10000 };	/* between two looks at a lock, at most */

static bool	relaxed_sync;

/* Nobody leads us out of the lake by a link in it. */
static int
no_link(void)
{
	return fault_skip("FILE_LINKS") ? 0 : O_NOFOLLOW;
}

static enum err
broken(struct cx *cx, const char *what, const char *path)
{
	int	no = errno;

	return fail(cx, no == ENOSPC || no == EDQUOT ? E_DISK_FULL : E_STORE,
	    "%s %s: %s", what, path, strerror(no));
}

void
file_set_relaxed(bool relaxed)
{
	relaxed_sync = relaxed;
}

bool
file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool
file_is_plain(const char *path)
{
	struct stat	st;

	return lstat(path, &st) == 0 && (S_ISREG(st.st_mode) ||
	    (fault_skip("FILE_LINKS") && S_ISLNK(st.st_mode)));
}

bool
file_is_folder(const char *path)
{
	struct stat	st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool
file_same_disk(const char *a, const char *b)
{
	struct stat	one, other;

	return stat(a, &one) == 0 && stat(b, &other) == 0 &&
	    one.st_dev == other.st_dev;
}

enum err
file_owner(struct cx *cx, const char *path, struct file_owner *out,
    bool *there)
{
	struct stat	st;

	*there = stat(path, &st) == 0;
	if (!*there && errno != ENOENT)
		return broken(cx, "stat", path);
	if (*there)
		*out = (struct file_owner){ st.st_uid, st.st_gid,
		    st.st_mode & 02777 };
	return OK;
}

enum err
file_share(struct cx *cx, int fd, unsigned group, unsigned mode)
{
	struct stat	st;

	/* The group first: no other may read meanwhile.  A service's sandbox
	 * has no fchown; a setgid folder has made it the right one. */
	if (fstat(fd, &st) != 0 || (st.st_gid != group &&
	    fchown(fd, (uid_t)-1, group) != 0) || fchmod(fd, mode) != 0)
		return broken(cx, "let the group read", "file");
	return OK;
}

enum err
file_share_dir(struct cx *cx, const char *path, unsigned group,
    unsigned mode)
{
	enum err	e;
	int		fd;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | no_link());
	if (fd < 0)
		return broken(cx, "open folder", path);
	e = file_share(cx, fd, group, mode);
	close(fd);
	return e;
}

enum err
file_make_dir(struct cx *cx, const char *path)
{
	if (fault("file.mkdir") || (mkdir(path, 0700) != 0 &&
	    errno != EEXIST))
		return broken(cx, "make folder", path);
	return OK;
}

enum err
file_sync_dir(struct cx *cx, const char *path)
{
	int	fd, bad;

	if (relaxed_sync)
		return OK;
	if (fault("file.syncdir") || (fd = open(path, O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC)) < 0)
		return broken(cx, "open folder", path);
	bad = fsync(fd);
	close(fd);
	return bad ? broken(cx, "sync folder", path) : OK;
}

enum err
file_create(struct cx *cx, const char *path, int *fd)
{
	*fd = fault("file.create") ? -1 :
	    open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return *fd < 0 ? broken(cx, "create", path) : OK;
}

enum err
file_open(struct cx *cx, const char *path, int *fd)
{
	*fd = open(path, O_RDONLY | O_CLOEXEC | no_link());
	return *fd < 0 ? broken(cx, "open", path) : OK;
}

enum err
file_write(struct cx *cx, int fd, const void *p, size_t n)
{
	const char	*at = p;
	ssize_t		 done;

	while (n > 0) {
		if (fault("file.write"))
			return broken(cx, "write", "file");
		done = write(fd, at, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return broken(cx, "write", "file");
		at += done;
		n -= (size_t)done;
	}
	return OK;
}

enum err
file_sync(struct cx *cx, int fd)
{
	if (relaxed_sync)
		return OK;
	/* A failed fsync may have dropped the pages: never tried again. */
	if (fault("file.sync") || fsync(fd) != 0)
		return broken(cx, "sync", "file");
	return OK;
}

void
file_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

enum err
file_pread(struct cx *cx, int fd, void *p, size_t n, uint64_t at, size_t *got)
{
	ssize_t	r;

	*got = 0;
	while (*got < n) {
		r = pread(fd, (char *)p + *got, n - *got, (off_t)(at + *got));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return broken(cx, "read", "file");
		if (r == 0)
			break;
		*got += (size_t)r;
	}
	return OK;
}

enum err
file_size(struct cx *cx, const char *path, uint64_t *size, bool *there)
{
	struct stat	st;

	*there = stat(path, &st) == 0;
	if (!*there && errno != ENOENT)
		return broken(cx, "stat", path);
	*size = *there ? (uint64_t)st.st_size : 0;
	return OK;
}

enum err
file_rename(struct cx *cx, const char *from, const char *to)
{
	if (fault("file.rename") || rename(from, to) != 0)
		return broken(cx, "rename", from);
	return OK;
}

enum err
file_unlink(struct cx *cx, const char *path)
{
	if (unlink(path) != 0 && errno != ENOENT)
		return broken(cx, "unlink", path);
	return OK;
}

void
file_remove_dir(const char *path)
{
	rmdir(path);
}

static int
remove_one(const char *path, const struct stat *st, int kind,
    struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	return kind == FTW_DP ? rmdir(path) : unlink(path);
}

enum err
file_remove_tree(struct cx *cx, const char *path)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 &&
	    errno != ENOENT)
		return broken(cx, "remove", path);
	return OK;
}

enum err
file_read_all(struct cx *cx, const char *path, size_t max, struct str *out)
{
	char		*p;
	size_t		 got;
	enum err	 e;
	int		 fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return broken(cx, "open", path);
	p = arena_get(cx->mem, max + 1);
	e = file_pread(cx, fd, p, max + 1, 0, &got);
	close(fd);
	if (e == OK && got > max)
		return fail(cx, E_TOO_LARGE, "%s is over %zu bytes", path, max);
	*out = (struct str){ p, got };
	return e;
}

enum err
file_replace(struct cx *cx, const char *dir, const char *name,
    struct str bytes)
{
	struct str	 tmp, path;
	char		 hex[17];
	enum err	 e;
	int		 fd;

	ident_hex(hex, 8);
	tmp = str_printf(cx->mem, "%s/.%s.%s", dir, name, hex);
	path = str_printf(cx->mem, "%s/%s", dir, name);
	if ((e = file_create(cx, tmp.p, &fd)) != OK)
		return e;
	if ((e = file_write(cx, fd, bytes.p, bytes.n)) == OK)
		e = file_sync(cx, fd);
	close(fd);
	if (e != OK || (e = file_rename(cx, tmp.p, path.p)) != OK) {
		unlink(tmp.p);
		return e;
	}
	return file_sync_dir(cx, dir);
}

bool
file_append_open(const char *path, int *fd)
{
	*fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	return *fd >= 0;
}

bool
file_is_at(int fd, const char *path)
{
	struct stat	open_file, named;

	return fstat(fd, &open_file) == 0 && stat(path, &named) == 0 &&
	    open_file.st_dev == named.st_dev &&
	    open_file.st_ino == named.st_ino;
}

enum err
file_each(struct cx *cx, const char *dir,
    enum err (*fn)(struct cx *cx, const char *name, void *arg), void *arg)
{
	struct dirent	*d;
	enum err	 e = OK;
	DIR		*open_dir;

	if ((open_dir = opendir(dir)) == NULL)
		return broken(cx, "open folder", dir);
	while (e == OK && (d = readdir(open_dir)) != NULL)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			e = fn(cx, d->d_name, arg);
	closedir(open_dir);
	return e;
}

enum err
file_lock_open(struct cx *cx, const char *path, int *fd)
{
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | no_link(), 0600);
	return *fd < 0 ? broken(cx, "open lock", path) : OK;
}

enum err
file_lock(struct cx *cx, int fd)
{
	while (flock(fd, LOCK_EX) != 0)
		if (errno != EINTR)
			return broken(cx, "lock", "lock file");
	return OK;
}

/*
 * flock knows no time limit, and a signal that ended its wait would be the
 * whole process's; locks of fcntl know none either, and end with any
 * descriptor.  So it is asked again after an eighth of the time that it has
 * taken so far: little is lost when it is free, and a long wait asks 100 times
 * a second.
 */
enum err
file_lock_until(struct cx *cx, int fd, int64_t until)
{
	int64_t		begin = when_monotonic(), now = begin, us;
	struct timespec	nap = { .tv_sec = 0 };

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EINTR && errno != EWOULDBLOCK)
			return broken(cx, "lock", "lock file");
		if ((now = when_monotonic()) >= until &&
		    !fault_skip("TURN_WAIT"))
			return fail(cx, E_BUSY, "another process holds the "
			    "lock that writers of this lake take in turn");
		us = 20 + (now - begin) / 8;
		nap.tv_nsec = (us < LOCK_NAP_US ? us : LOCK_NAP_US) * 1000;
		nanosleep(&nap, NULL);
	}
	return OK;
}

bool
file_try_lock(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

void
file_unlock(int fd)
{
	flock(fd, LOCK_UN);
}

bool
file_is_writable(const char *path)
{
	return access(path, W_OK) == 0;
}

enum err
file_free_space(struct cx *cx, const char *path, uint64_t *bytes)
{
	struct statvfs	st;

	if (statvfs(path, &st) != 0)
		return broken(cx, "statvfs", path);
	*bytes = (uint64_t)st.f_bavail * st.f_frsize;
	return OK;
}

/* Room is taken now: a page for which there is none kills who writes to it. */
static int
grow(int fd, size_t size)
{
	struct stat	st;

	if (fstat(fd, &st) != 0)
		return errno;
	return st.st_size >= (off_t)size ? 0 :
	    posix_fallocate(fd, 0, (off_t)size);
}

enum err
file_share_open(struct cx *cx, const char *path, size_t size,
    struct file_share *out)
{
	enum err	 e;
	int		 fd, no;

	*out = (struct file_share){ NULL, size, -1 };
	if ((e = file_lock_open(cx, path, &fd)) != OK)
		return e;
	if ((no = grow(fd, size)) != 0) {
		close(fd);
		errno = no;
		return broken(cx, "resize", path);
	}
	out->p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (out->p != MAP_FAILED) {
		out->fd = fd;
		return OK;
	}
	out->p = NULL;
	e = broken(cx, "map", path);
	close(fd);
	return e;
}

bool
file_share_is_whole(const struct file_share *s, const char *path)
{
	struct stat	st;

	return s->p != NULL && file_is_at(s->fd, path) &&
	    fstat(s->fd, &st) == 0 && st.st_size >= (off_t)s->size;
}

void
file_share_close(struct file_share *s)
{
	if (s->p == NULL)
		return;
	munmap(s->p, s->size);
	close(s->fd);
	s->p = NULL;
}

enum err
file_map(struct cx *cx, const char *path, size_t size, void **out)
{
	struct file_share	s;
	enum err		e;

	if ((e = file_share_open(cx, path, size, &s)) != OK)
		return e;
	close(s.fd);
	*out = s.p;
	return OK;
}
