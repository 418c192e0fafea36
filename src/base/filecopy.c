/* Copies of files that never change. */
#include "base/filecopy.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cx.h"
#include "base/fileio.h"

enum { WINDOW = 256 * 1024 };

static bool
filecopy_link(struct filecopy *fc, const char *from)
{
	if (!fc->may_link)
		return false;
	fc->may_link = linkat(AT_FDCWD, from, AT_FDCWD, fc->draft, 0) == 0;
	return fc->may_link;
}

static enum err
filecopy_bytes(struct cx *cx, struct filecopy *fc, int from, int to)
{
	char		*window = arena_get(cx->mem, WINDOW);
	uint64_t	 at = 0;
	size_t		 got;
	enum err	 e;

	do {
		if ((e = file_pread(cx, from, window, WINDOW, at,
		    &got)) != OK ||
		    (e = file_write(cx, to, window, got)) != OK)
			return e;
		at += got;
	} while (got == WINDOW);
	fc->bytes += at;
	return OK;
}

/* The draft as a file of its own; with clone *done may stay false. */
static enum err
filecopy_fill(struct cx *cx, struct filecopy *fc, int from, bool clone,
    bool *done)
{
	enum err	e;
	int		to;

	if ((e = file_create(cx, fc->draft, &to)) != OK)
		return e;
	if (clone)
		*done = ioctl(to, FICLONE, from) == 0;
	else
		*done = (e = filecopy_bytes(cx, fc, from, to)) == OK;
	if (*done)
		e = file_sync(cx, to);
	file_close(to);
	return e != OK || *done ? e : file_unlink(cx, fc->draft);
}

static enum err
filecopy_draft(struct cx *cx, struct filecopy *fc, const char *from, int fd)
{
	enum err	e;
	bool		done = false;

	if (!fc->no_clone && ((e = filecopy_fill(cx, fc, fd, true,
	    &done)) != OK || done)) {
		fc->cloned += done;
		return e;
	}
	fc->no_clone = true;
	if (filecopy_link(fc, from)) {
		fc->linked++;
		return OK;
	}
	fc->copied++;
	return filecopy_fill(cx, fc, fd, false, &done);
}

enum err
filecopy_make(struct cx *cx, struct filecopy *fc, const char *from,
    const char *to)
{
	struct arena_mark	back = arena_mark(cx->mem);
	struct cx		aside = cx_aside(cx);
	enum err		e;
	int			fd;

	if (!file_is_plain(from))
		return fail(cx, E_STORE, "%s is not a file, or is missing",
		    from);
	if ((e = file_unlink(cx, fc->draft)) != OK ||
	    (e = file_open(cx, from, &fd)) != OK)
		return e;
	if ((e = filecopy_draft(cx, fc, from, fd)) != OK ||
	    (e = file_rename(cx, fc->draft, to)) != OK)
		file_unlink(&aside, fc->draft);
	file_close(fd);
	arena_back(cx->mem, back);
	return e;
}
