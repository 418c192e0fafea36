/* Free space on the disks: writes that bring bytes leave a reserve. */
#include "engine/disk.h"

#include "base/cx.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "engine/engine_inside.h"

enum err
disk_check(struct cx *cx, struct engine *eng)
{
	uint64_t	bytes;
	enum err	e;

	if (eng->opt.dir == NULL)
		return OK;
	if ((e = file_free_space(cx, eng->opt.dir, &bytes)) != OK)
		return e;
	if (bytes < eng->opt.reserve)
		return fail(cx, E_DISK_FULL, "the lake's disk is full: "
		    "delete, or run lakegate gc");
	if (eng->opt.spool == NULL || fault_skip("SPOOL_ROOM"))
		return OK;
	if ((e = file_free_space(cx, eng->opt.spool, &bytes)) != OK)
		return e;
	return bytes >= eng->opt.reserve ? OK : fail(cx, E_DISK_FULL,
	    "the disk of the web server's spool is full: try again later");
}
