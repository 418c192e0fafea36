/* Free space on the disks: writes that bring bytes leave a reserve. */
#include "engine/disk.h"

#include <string.h>

#include "base/cx.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "engine/engine_inside.h"
#include "lake/keys.h"

enum { DEAD_MOST = 256 };	/* files that a refusal looks at */

/* Dead files, which gc removes when their grace is over. */
struct disk_dead {
	struct uid	id[DEAD_MOST];
	size_t		n;
	bool		more;
	uint64_t	bytes;
};

static enum err
disk_dead_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct disk_dead	*d = arg;
	struct keys_range	 in = key_range(cx, key_letter(cx, 'X'));
	struct kv_cursor	*cur;
	struct str		 k, v;
	enum err		 e;
	bool			 there;

	d->n = 0;
	if ((e = kv_scan(cx, tx, in.lo, in.hi, &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there &&
	    d->n < DEAD_MOST)
		if (k.n == 1 + sizeof d->id[0])
			memcpy(d->id[d->n++].b, k.p + 1, sizeof d->id[0]);
	d->more = e == OK && there;
	kv_cursor_close(tx, cur);
	return e;
}

/* What waits for the grace.  Where it cannot be read, nothing is said of it. */
static void
disk_dead_find(const struct cx *cx, struct engine *eng, struct disk_dead *d)
{
	struct cx	aside = cx_aside(cx);
	uint64_t	size;
	size_t		i;
	bool		there;

	if (kv_read(&aside, eng->kv, disk_dead_fn, d) != OK)
		return;
	for (i = 0; i < d->n; i++)
		if (block_size(&aside, eng->block, &d->id[i], &size,
		    &there) == OK && there)
			d->bytes += size;
}

static enum err
disk_refuse(struct cx *cx, struct engine *eng)
{
	struct disk_dead	*d = arena_get(cx->mem, sizeof *d);

	disk_dead_find(cx, eng, d);
	return fail(cx, E_NO_ROOM, "the lake's disk is nearly full, and writes "
	    "leave its reserve free: delete, and run lakegate gc, which "
	    "removes files when its grace is over; %s%llu MiB wait for that",
	    d->more ? "at least " : "", (unsigned long long)(d->bytes >> 20));
}

static enum err
disk_check_lake(struct cx *cx, struct engine *eng)
{
	uint64_t	bytes;
	enum err	e;

	if (eng->opt.dir == NULL)
		return OK;
	if ((e = file_free_space(cx, eng->opt.dir, &bytes)) != OK)
		return e;
	return bytes >= eng->opt.reserve ? OK : disk_refuse(cx, eng);
}

enum err
disk_check_record(struct cx *cx, struct engine *eng)
{
	return fault_skip("RECORD_ROOM") ? OK : disk_check_lake(cx, eng);
}

enum err
disk_check(struct cx *cx, struct engine *eng)
{
	uint64_t	bytes;
	enum err	e;

	if ((e = disk_check_lake(cx, eng)) != OK ||
	    eng->opt.spool == NULL || fault_skip("SPOOL_ROOM"))
		return e;
	if ((e = file_free_space(cx, eng->opt.spool, &bytes)) != OK)
		return e;
	return bytes >= eng->opt.reserve ? OK : fail(cx, E_NO_ROOM,
	    "the disk of the web server's spool is full: try again later");
}

enum err
disk_check_body(struct cx *cx, struct engine *eng, uint64_t before,
    uint64_t now)
{
	if (before / DISK_STEP == now / DISK_STEP || fault_skip("BODY_ROOM"))
		return OK;
	return disk_check(cx, eng);
}
