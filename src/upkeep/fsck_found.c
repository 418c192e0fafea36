/* What fsck found, and whether it is damage or the work of a gc beside it. */
#include "upkeep/fsck_inside.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/fault.h"

enum { WORDS = 700 };

static void
fsck_tell(struct fsck *f, const char *invariant, const char *what)
{
	if (!mark_see(&f->said, 'p', str_of(what)))
		return;
	f->r->problems++;
	if (f->opt->found != NULL)
		f->opt->found(f->opt->arg, invariant, what);
}

void
fsck_found(struct fsck *f, const char *invariant, const char *fmt, ...)
{
	va_list	ap;
	char	what[WORDS];

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	fsck_tell(f, invariant, what);
}

struct second_look {
	struct str	root;
	struct gc_state	gs;
	bool		there;
};

static enum err
fsck_look_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct second_look	*l = arg;
	struct str		 v;
	enum err		 e;

	if ((e = gc_state_find(cx, tx, &l->gs)) != OK)
		return e;
	return kv_find(cx, tx, l->root, &v, &l->there);
}

/*
 * Only what was condemned after the root was read can be gone: what the root
 * reached then had not been condemned, and what is condemned stays without a
 * name.  [I19]  The records of a deleted repository go without gc, but after
 * the roots that name them.
 */
enum err
fsck_found_gone(struct cx *cx, struct fsck *f, const char *invariant,
    const char *fmt, ...)
{
	struct second_look	l = { .root = f->root };
	va_list			ap;
	char			what[WORDS];
	enum err		e;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	cx_forget(cx);
	if ((e = kv_read(cx, f->eng->kv, fsck_look_fn, &l)) != OK)
		return e;
	if ((!l.there || l.gs.floor != f->gs.floor) &&
	    !fault_skip("FSCK_LOOK"))
		f->overtaken = true;
	else
		fsck_tell(f, invariant, what);
	return OK;
}

enum err
fsck_found_later(struct cx *cx, struct fsck *f, uint64_t epoch, bool *later)
{
	struct gc_state	gs;
	enum err	e;

	*later = epoch > f->gs.epoch;
	if (!*later || fault_skip("FSCK_EPOCH"))
		return OK;
	if ((e = gc_state_read(cx, f->eng->kv, &gs)) == OK)
		*later = epoch > gs.epoch;
	return e;
}
