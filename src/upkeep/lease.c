/* The lease of a backup. */
#include "upkeep/lease.h"

#include <time.h>

#include "base/fault.h"
#include "base/fileio.h"
#include "engine/engine_inside.h"

enum { TRIES = 200 };

enum err
lease_open(struct cx *cx, struct engine *eng, int *fd)
{
	*fd = -1;
	return eng->opt.dir == NULL ? OK : file_lock_open(cx,
	    str_printf(cx->mem, "%s/backup.lock", eng->opt.dir).p, fd);
}

enum err
lease_take(struct cx *cx, int fd)
{
	const struct timespec	nap = { .tv_nsec = 50000000 };
	int			i;

	for (i = 0; i < TRIES; i++) {
		if (file_try_lock(fd))
			return OK;
		nanosleep(&nap, NULL);
	}
	return fail(cx, E_BUSY, "another `lakegate backup` of this lake is "
	    "under way");
}

bool
lease_enter(int fd)
{
	return fd < 0 || file_try_lock(fd) || fault_skip("BACKUP_LEASE");
}

void
lease_leave(int fd)
{
	if (fd >= 0)
		file_unlock(fd);
}
