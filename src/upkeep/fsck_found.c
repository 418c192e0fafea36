/* What fsck found, and whether it is damage or the work of a gc beside it. */
#include "upkeep/fsck_inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"

enum { WORDS = 700, REMEMBERED = 1 << 18, NOTED = 100000 };

/* A problem is told once, and of each kind the first few: a million lines would
 * hide what a few say.  So many are remembered; from then on what comes twice
 * counts twice. */
static bool
fsck_is_new(struct fsck *f, char *what)
{
	char		*root = strrchr(what, FSCK_ROOT[0]);
	struct str	 problem = str_of(what);

	if (root != NULL) {
		problem.n = (size_t)(root - what);
		memmove(root, root + 1, strlen(root));
	}
	return f->said.n >= REMEMBERED || mark_see(&f->said, 'p', problem);
}

/* Names may have characters that a terminal obeys, or that end a line. */
static void
fsck_plain(char *what)
{
	unsigned char	*p;

	for (p = (unsigned char *)what; *p != '\0'; p++)
		if (*p < 0x20 || *p == 0x7f ||
		    (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0))
			*p = '?';
}

/* Words that are passed on ("%.*s …") tell their kind by how they begin. */
static struct fsck_kind *
fsck_kind(struct fsck *f, const char *invariant, const char *fmt,
    const char *what)
{
	struct fsck_kind	*k, is = { .invariant = invariant, .fmt = fmt };

	if (strncmp(fmt, "%.*s", 4) == 0)
		snprintf(is.begins, sizeof is.begins, "%s", what);
	for (k = f->kinds; k < f->kinds + f->n_kinds; k++)
		if (strcmp(k->invariant, invariant) == 0 && k->fmt == fmt &&
		    strcmp(k->begins, is.begins) == 0)
			return k;
	if (f->n_kinds == FSCK_KINDS)
		return &f->kinds[FSCK_KINDS - 1];
	*k = is;
	f->n_kinds++;
	return k;
}

/* Checks that are left out, to see which test misses them. */
static bool
fsck_skips(const char *invariant)
{
	const char	*i = invariant;

	return (strcmp(i, "I2") == 0 && fault_skip("FSCK_I2")) ||
	    (strcmp(i, "I5") == 0 && fault_skip("FSCK_I5")) ||
	    (strcmp(i, "I7") == 0 && fault_skip("FSCK_I7")) ||
	    (strcmp(i, "I8") == 0 && fault_skip("FSCK_I8")) ||
	    (strcmp(i, "I10") == 0 && fault_skip("FSCK_I10")) ||
	    (strcmp(i, "I11") == 0 && fault_skip("FSCK_I11")) ||
	    (strcmp(i, "I12") == 0 && fault_skip("FSCK_I12")) ||
	    (strcmp(i, "I13") == 0 && fault_skip("FSCK_I13")) ||
	    (strcmp(i, "I14") == 0 && fault_skip("FSCK_I14")) ||
	    (strcmp(i, "I15") == 0 && fault_skip("FSCK_I15")) ||
	    (strcmp(i, "I17") == 0 && fault_skip("FSCK_I17")) ||
	    (strcmp(i, "I19") == 0 && fault_skip("FSCK_I19"));
}

static void
fsck_tell(struct fsck *f, const char *invariant, const char *fmt, char *what)
{
	struct fsck_kind	*k;

	if (fsck_skips(invariant) || !fsck_is_new(f, what))
		return;
	fsck_plain(what);
	f->r->problems++;
	if (f->r->problems <= NOTED)
		fsck_repair_note(f, invariant, what);
	k = fsck_kind(f, invariant, fmt, what);
	if (f->opt->found != NULL && (k->n++ < f->opt->most ||
	    f->opt->most == 0 || fault_skip("FSCK_MOST")))
		f->opt->found(f->opt->arg, invariant, what);
}

void
fsck_found_rest(struct fsck *f)
{
	const struct fsck_kind	*k;
	char			 what[WORDS];

	if (f->opt->found == NULL || f->opt->most == 0)
		return;
	for (k = f->kinds; k < f->kinds + f->n_kinds; k++) {
		if (k->n <= f->opt->most)
			continue;
		snprintf(what, sizeof what, "and %llu more of this kind (%s…)",
		    (unsigned long long)(k->n - f->opt->most), k->begins[0] !=
		    '\0' ? k->begins : k->fmt);
		f->opt->found(f->opt->arg, k->invariant, what);
	}
}

void
fsck_found(struct fsck *f, const char *invariant, const char *fmt, ...)
{
	va_list	ap;
	char	what[WORDS];

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	fsck_tell(f, invariant, fmt, what);
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
		fsck_tell(f, invariant, fmt, what);
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
