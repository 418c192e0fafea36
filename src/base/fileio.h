/*
 * Files: read, write-then-rename, fsync, advisory locks.
 * Home of open, rename, unlink, fsync and flock.
 *
 * Paths are terminated strings.  Every call that can fail on a full or broken
 * disk says E_DISK_FULL or E_STORE and names the path.
 */
#ifndef BASE_FILEIO_H
#define BASE_FILEIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct cx;

/* A folder of mode 0700; one that is there is OK. */
enum err	file_make_dir(struct cx *cx, const char *path);
/* Make the names in a folder durable. */
enum err	file_sync_dir(struct cx *cx, const char *path);
/* Is there anything of this name?  A link is followed. */
bool		file_exists(const char *path);
/* Is it a file, and neither folder nor link? */
bool		file_is_plain(const char *path);
/* Is it a folder, and no link to one? */
bool		file_is_folder(const char *path);
/* Do both lie on one file system, so that a file of the one can have a name in
 * the other? */
bool		file_same_disk(const char *a, const char *b);

/* Who may use a file or folder: its owner, its group, and st_mode's permission
 * bits with setgid.  A link is followed. */
struct file_owner {
	unsigned	user, group, mode;
};
/* Of the thing at path; *out is set only when it is there. */
enum err	file_owner(struct cx *cx, const char *path,
		    struct file_owner *out, bool *there);
/* Let a group in: group and mode are set through the descriptor, so that no
 * link is followed and the umask does not count. */
enum err	file_share(struct cx *cx, int fd, unsigned group,
		    unsigned mode);
/* The same of a folder, which must not be a link. */
enum err	file_share_dir(struct cx *cx, const char *path,
		    unsigned group, unsigned mode);

/* A new file that must not exist; mode 0600.  Close with file_close. */
enum err	file_create(struct cx *cx, const char *path, int *fd);
/* For reading; a link is refused. */
enum err	file_open(struct cx *cx, const char *path, int *fd);
/* All n bytes, where the descriptor stands. */
enum err	file_write(struct cx *cx, int fd, const void *p, size_t n);
/* Make what was written durable.  After an error the file is not to be
 * trusted, and syncing again would lie. */
enum err	file_sync(struct cx *cx, int fd);
/* fd may be -1. */
void		file_close(int fd);
/* Up to n bytes at an offset; *got < n only at the end. */
enum err	file_pread(struct cx *cx, int fd, void *p, size_t n,
		    uint64_t at, size_t *got);
/* Bytes of a file; 0 when it is not there. */
enum err	file_size(struct cx *cx, const char *path, uint64_t *size,
		    bool *there);
/* Atomically, in place of what has the name; file_sync_dir makes it durable. */
enum err	file_rename(struct cx *cx, const char *from, const char *to);
/* Remove a file; absent is OK. */
enum err	file_unlink(struct cx *cx, const char *path);
/* Remove a folder if it is empty. */
void		file_remove_dir(const char *path);
/* A folder and all that is in it; links are not followed.  Absent: OK. */
enum err	file_remove_tree(struct cx *cx, const char *path);

/* All of a file that an administrator names, at most max bytes (E_TOO_LARGE),
 * in the arena.  A link is followed. */
enum err	file_read_all(struct cx *cx, const char *path, size_t max,
		    struct str *out);
/* Whole file at once: temporary, fsync, rename, fsync of the folder. */
enum err	file_replace(struct cx *cx, const char *dir, const char *name,
		    struct str bytes);

/* A log: opened or made (0640 less the umask), each write goes to its end.
 * false: errno says why not. */
bool		file_append_open(const char *path, int *fd);
/* Is this still the file of that name? */
bool		file_is_at(int fd, const char *path);

/* May this process write there?  Not on a file system that went read-only. */
bool		file_is_writable(const char *path);

/* Call fn with each name in a folder but "." and "..", in no order, until one
 * call is not OK, which then is what comes back. */
enum err	file_each(struct cx *cx, const char *dir,
		    enum err (*fn)(struct cx *cx, const char *name, void *arg),
		    void *arg);

/* A lock file and no link, made when absent; the lock lives as long as fd. */
enum err	file_lock_open(struct cx *cx, const char *path, int *fd);
/* Wait for the lock; between processes, and between descriptors in one. */
enum err	file_lock(struct cx *cx, int fd);
/* The same until when_monotonic() says so; E_BUSY. */
enum err	file_lock_until(struct cx *cx, int fd, int64_t until);
/* Take it if nobody has it. */
bool		file_try_lock(int fd);
/* Give it up. */
void		file_unlock(int fd);

/* Bytes a caller without privileges may still write on path's disk. */
enum err	file_free_space(struct cx *cx, const char *path,
		    uint64_t *bytes);

/* A file of at least size bytes, made where it is absent and mapped, shared by
 * all processes, to the end of this one. */
enum err	file_map(struct cx *cx, const char *path, size_t size,
		    void **out);
/*
 * The same for a file that somebody may cut or remove meanwhile.  Touching a
 * page past the end of a file that was cut kills the process, so ask before
 * each use whether it is still whole and of that name.
 */
struct file_share {
	void	*p;		/* NULL: not open */
	size_t	 size;
	int	 fd;
};
/* Map size bytes of the file at path; *out can be closed in any case. */
enum err	file_share_open(struct cx *cx, const char *path, size_t size,
		    struct file_share *out);
/* Is it mapped, as long as it was, and still the file at path? */
bool		file_share_is_whole(const struct file_share *s,
		    const char *path);
/* Unmap it; one that is not open is harmless. */
void		file_share_close(struct file_share *s);

/* With durability = relaxed, no file is synced (process-wide switch). */
void		file_set_relaxed(bool relaxed);

#endif
