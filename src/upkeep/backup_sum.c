/* The checksum of a backup's database: as sha256sum(1) writes and checks it. */
#include "upkeep/backup_sum.h"

#include <string.h>

#include "base/cx.h"
#include "base/digest.h"
#include "base/enc.h"
#include "base/fileio.h"

#define SUM_NAME	"meta.db.sha256"
#define SUM_FRESH	SUM_NAME ".new"	/* until the database has its name */

enum { READ = 256 * 1024, SUM_MOST = 200 };

static const char *
backup_sum_in(struct cx *cx, const char *dir, const char *name)
{
	return str_printf(cx->mem, "%s/%s", dir, name).p;
}

/* The line that the file with this database would have. */
static enum err
backup_sum_line(struct cx *cx, const char *db, struct str *out)
{
	struct arena_mark	back = arena_mark(cx->mem);
	unsigned char		sum[SHA256_BYTES];
	char			hex[2 * SHA256_BYTES + 1];
	char			*p = arena_get(cx->mem, READ);
	struct digest		d;
	uint64_t		at = 0;
	size_t			got = 1;
	enum err		e;
	int			fd;

	if ((e = file_open(cx, db, &fd)) != OK)
		return e;
	digest_begin(&d, DIGEST_SHA256);
	while (got > 0 && (e = file_pread(cx, fd, p, READ, at, &got)) == OK) {
		digest_feed(&d, p, got);
		at += got;
	}
	digest_end(&d, sum);
	file_close(fd);
	if (e != OK)
		return e;
	arena_back(cx->mem, back);
	enc_hex(hex, sum, sizeof sum);
	*out = str_printf(cx->mem, "%s  meta.db\n", hex);
	return OK;
}

static enum err
backup_sum_is(struct cx *cx, const char *path, struct str line, bool *is)
{
	struct str	text;
	enum err	e;

	*is = false;
	if (!file_is_plain(path))
		return OK;
	if ((e = file_read_all(cx, path, SUM_MOST, &text)) == OK)
		*is = str_is(text, line);
	return e;
}

enum err
backup_sum_put(struct cx *cx, const char *dir)
{
	const char	*draft = backup_sum_in(cx, dir, "new");
	const char	*db = backup_sum_in(cx, draft, "meta.db");
	struct str	line;
	enum err	e;

	if ((e = backup_sum_line(cx, db, &line)) != OK ||
	    (e = file_replace(cx, draft, SUM_NAME, line)) != OK ||
	    (e = file_rename(cx, backup_sum_in(cx, draft, SUM_NAME),
	    backup_sum_in(cx, dir, SUM_FRESH))) != OK)
		return e;
	return file_sync_dir(cx, dir);
}

enum err
backup_sum_name(struct cx *cx, const char *dir)
{
	enum err	e;

	if ((e = file_rename(cx, backup_sum_in(cx, dir, SUM_FRESH),
	    backup_sum_in(cx, dir, SUM_NAME))) != OK)
		return e;
	return file_sync_dir(cx, dir);
}

/* One that was killed after the database got its name, or before. */
enum err
backup_sum_settle(struct cx *cx, const char *dir)
{
	const char	*fresh = backup_sum_in(cx, dir, SUM_FRESH);
	const char	*db = backup_sum_in(cx, dir, "meta.db");
	struct str	line;
	enum err	e;
	bool		is;

	if (!file_is_plain(fresh) || !file_is_plain(db))
		return OK;
	if ((e = backup_sum_line(cx, db, &line)) != OK ||
	    (e = backup_sum_is(cx, fresh, line, &is)) != OK || !is)
		return e;
	return backup_sum_name(cx, dir);
}

enum err
backup_sum_check(struct cx *cx, const char *dir, const char *db,
    enum sum_verdict *out)
{
	const char	*path = backup_sum_in(cx, dir, SUM_NAME);
	const char	*fresh = backup_sum_in(cx, dir, SUM_FRESH);
	struct str	line;
	enum err	e;
	bool		is, other = false;

	*out = SUM_NONE;
	if (!file_is_plain(path) && !file_is_plain(fresh))
		return OK;
	if ((e = backup_sum_line(cx, db, &line)) != OK ||
	    (e = backup_sum_is(cx, path, line, &is)) != OK ||
	    (e = backup_sum_is(cx, fresh, line, &other)) != OK)
		return e;
	*out = is || other ? SUM_GOOD : SUM_BAD;
	return OK;
}
