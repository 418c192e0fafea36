/*
 * fsck --repair: records that cannot be read go out of the way, into a report.
 * DESIGN 6 says what, in which order, and why it may be killed.
 */
#include "upkeep/fsck_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "base/limit.h"
#include "lake/keys.h"

enum { UID = sizeof(struct uid) };

struct fsck_repair {
	struct cx	*cx;		/* that notes are written with */
	const char	*dir;
	int		 lock, list;
	unsigned	 n;		/* records saved so far */
	enum err	 failed;	/* of a note */
};

enum err
fsck_repair_begin(struct cx *cx, struct fsck *f)
{
	struct fsck_repair	*r;
	enum err		 e;

	if (f->opt->repair == NULL)
		return OK;
	file_set_relaxed(false);	/* saved before it is removed */
	r = calloc(1, sizeof *r);
	if (r == NULL)
		abort();
	*r = (struct fsck_repair){ .cx = cx, .dir = f->opt->repair,
	    .lock = -1, .list = -1 };
	f->repair = r;
	if ((e = file_lock_open(cx, f->opt->repair_lock, &r->lock)) != OK)
		return e;
	if (!fault_skip("REPAIR_ONE") && !file_try_lock(r->lock))
		return fail(cx, E_BUSY, "another fsck repairs this lake: wait "
		    "for it");
	return OK;
}

void
fsck_repair_end(struct fsck *f)
{
	if (f->repair == NULL)
		return;
	file_close(f->repair->list);
	file_close(f->repair->lock);
	free(f->repair);
	f->repair = NULL;
}

/* ---- the report -------------------------------------------------------- */

/* The folder and the list are made when there is something to say. */
static enum err
repair_open(struct cx *cx, struct fsck_repair *r)
{
	enum err	e;

	if (r->list >= 0)
		return OK;
	if ((e = file_make_dir(cx, r->dir)) != OK)
		return e;
	return file_create(cx, str_printf(cx->mem, "%s/list", r->dir).p,
	    &r->list);
}

static enum err
repair_line(struct cx *cx, struct fsck_repair *r, struct str line)
{
	enum err	e;

	if ((e = repair_open(cx, r)) != OK ||
	    (e = file_write(cx, r->list, line.p, line.n)) != OK)
		return e;
	return file_write(cx, r->list, "\n", 1);
}

void
fsck_repair_note(struct fsck *f, const char *invariant, const char *what)
{
	struct fsck_repair	*r = f->repair;
	struct cx		 cx;
	enum err		 e;

	if (r == NULL)
		return;
	cx = cx_aside(r->cx);
	e = repair_line(&cx, r, str_printf(cx.mem, "found %s: %s", invariant,
	    what));
	if (e != OK && r->failed == OK)
		r->failed = e;
}

static enum err
repair_file(struct cx *cx, struct fsck_repair *r, const char *what,
    struct str bytes)
{
	enum err	e;
	int		fd;

	if ((e = file_create(cx, str_printf(cx->mem, "%s/%06u.%s", r->dir, r->n,
	    what).p, &fd)) != OK)
		return e;
	if ((e = file_write(cx, fd, bytes.p, bytes.n)) == OK)
		e = file_sync(cx, fd);
	file_close(fd);
	return e;
}

/* Key and value, and what it means that they go: durable before they do. */
static enum err
repair_save(struct cx *cx, struct fsck_repair *r, struct str key,
    struct str value, struct str meaning)
{
	enum err	e;

	if ((e = repair_open(cx, r)) != OK)
		return e;
	r->n++;
	if ((e = repair_file(cx, r, "key", key)) != OK ||
	    (e = repair_file(cx, r, "value", value)) != OK ||
	    (e = repair_line(cx, r, str_printf(cx->mem, "moved %06u: %.*s",
	    r->n, STRF(meaning)))) != OK ||
	    (e = file_sync(cx, r->list)) != OK)
		return e;
	if ((e = file_sync_dir(cx, r->dir)) == OK && fault("repair.saved"))
		e = fail(cx, E_STORE, "a planted fault");
	return e;
}

/* ---- what cannot be read ----------------------------------------------- */

static struct str
repair_path(struct cx *cx, struct str key)
{
	struct str	path = str_from(key, key.n < 1 + UID + 8 ? key.n :
	    1 + UID + 8);
	char		*p = arena_dup(cx->mem, path.p, path.n);
	size_t		 i;

	for (i = 0; i < path.n; i++)
		if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
			p[i] = '?';
	return (struct str){ p, path.n > 200 ? 200 : path.n };
}

static bool
repair_row_is_bad(struct cx *cx, struct str key, struct str v, bool lost)
{
	struct entry	en;

	return lost || key.n <= 1 + UID + 8 ||
	    (key.n > 1 + UID + 8 + LIMIT_PATH && !fault_skip("REPAIR_LONG")) ||
	    v.n == 0 || (v.p[0] != 0 &&
	    entry_parse(cx, str_from(v, 1), &en) != OK);
}

/*
 * What it means that this record goes; "": it can be read, or is none that goes
 * alone.  lost: its large value is missing.
 */
static struct str
repair_means(struct cx *cx, struct str key, struct str v, bool lost)
{
	struct cx	aside = cx_aside(cx);
	struct upload	u;
	struct entry	en;

	switch (key.p[0]) {
	case 'r':
		return !repair_row_is_bad(&aside, key, v, lost) ? STR("") :
		    str_printf(cx->mem, "a staged change of \"%.*s\": the path "
		    "shows what it had before", STRF(repair_path(cx, key)));
	case 'T':
		return !lost && v.n == sizeof(struct oid) ? STR("") :
		    str_printf(cx->mem, "the tag \"%.*s\": make it again, from "
		    "the commit that you know it had", STRF(str_from(key,
		    key.n < 1 + UID ? key.n : 1 + UID)));
	case 'U':
		return !lost && key.n > 1 + 2 * UID &&
		    upload_parse(&aside, v, &u) == OK ? STR("") :
		    STR("an upload under way: its client begins it again; the "
		    "next gc removes its parts");
	case 'P':
		return !lost && key.n == 1 + UID + 4 &&
		    entry_parse(&aside, v, &en) == OK ? STR("") :
		    STR("a part of an upload: its client sends it again");
	default:
		return STR("");
	}
}

struct repair_look {
	struct str	key, value;	/* as it was saved */
	struct str	means;
	bool		there, lost;
	bool		remove, gone;
};

static enum err
repair_look_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct repair_look	*l = arg;
	struct str		 v = { NULL, 0 };
	enum err		 e;

	l->gone = false;
	e = kv_find(cx, tx, l->key, &v, &l->there);
	if ((l->lost = e == E_CORRUPT)) {
		cx_forget(cx);
		v = STR("");
	} else if (e != OK || !l->there)
		return e;
	if (l->remove && !str_is(v, l->value) && !fault_skip("REPAIR_LOOK"))
		return OK;		/* somebody wrote it anew */
	l->value = v;
	l->means = repair_means(cx, l->key, v, l->lost);
	if (!l->remove || l->means.n == 0)
		return OK;
	l->gone = true;
	return kv_delete(cx, tx, l->key);
}

static enum err
repair_row(struct cx *cx, struct fsck *f, struct str key, struct str value,
    const struct gc_state *gs)
{
	struct repair_look	l = { .key = key };
	enum err		e;

	(void)gs;
	if (value.p != NULL && repair_means(cx, key, value, false).n == 0)
		return OK;
	if ((e = kv_read(cx, f->eng->kv, repair_look_fn, &l)) != OK ||
	    (!l.there && !l.lost) || l.means.n == 0)
		return e;
	if ((e = repair_save(cx, f->repair, key, l.value, l.means)) != OK)
		return e;
	l.remove = true;
	if ((e = kv_write(cx, f->eng->kv, repair_look_fn, &l)) != OK)
		return e;
	f->r->repaired += l.gone;
	return l.gone ? OK : repair_line(cx, f->repair, str_printf(cx->mem,
	    "stays %06u: it was written anew", f->repair->n));
}

/* ---- large values without key ------------------------------------------ */

struct repair_leak {
	uint64_t	id;
	struct str	value;
	bool		there;
};

static enum err
repair_leak_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct repair_leak	*l = arg;

	return kv_leaked(cx, tx, l->id, &l->value, &l->there);
}

static enum err
repair_leak_drop_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	const struct repair_leak	*l = arg;
	struct str			 v;
	enum err			 e;
	bool				 there;

	if ((e = kv_leaked(cx, tx, l->id, &v, &there)) != OK || !there ||
	    !str_is(v, l->value))
		return e;
	return kv_leaked_delete(cx, tx, l->id);
}

static enum err
repair_leaks(struct cx *cx, struct fsck *f)
{
	struct arena_mark	back = arena_mark(cx->mem);
	struct repair_leak	l;
	size_t			i;
	enum err		e = OK;

	for (i = 0; e == OK && i < f->n_leaks; i++) {
		l = (struct repair_leak){ .id = f->leaks[i] };
		if ((e = kv_read(cx, f->eng->kv, repair_leak_fn, &l)) != OK)
			return e;
		if (l.there && (e = repair_save(cx, f->repair, STR(""),
		    l.value, STR("a large value that belongs to no record: "
		    "nothing shows it"))) == OK &&
		    (e = kv_write(cx, f->eng->kv, repair_leak_drop_fn,
		    &l)) == OK)
			f->r->repaired++;
		arena_back(cx->mem, back);
	}
	return e;
}

enum err
fsck_repair(struct cx *cx, struct fsck *f)
{
	static const char	letters[] = "rTUP";
	size_t			i;
	enum err		e = OK;

	if (f->repair == NULL)
		return OK;
	if (f->repair->failed != OK)
		return fail(cx, f->repair->failed, "the report in %s cannot be "
		    "written: nothing was repaired", f->repair->dir);
	for (i = 0; e == OK && letters[i] != '\0'; i++)
		e = fsck_rows(cx, f, letters[i], repair_row);
	if (e == OK)
		e = repair_leaks(cx, f);
	if (e == OK && f->repair->list >= 0)
		e = file_sync(cx, f->repair->list);
	return e;
}
