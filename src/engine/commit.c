/* Commit: seal, fold up to the cut, one transaction for the head. */
#include "engine/commit.h"

#include <time.h>

#include "base/fault.h"
#include "base/ident.h"
#include "base/limit.h"
#include "base/metric.h"
#include "base/when.h"
#include "engine/actions.h"
#include "engine/area.h"
#include "engine/branches.h"
#include "engine/records.h"
#include "tree/claim.h"

enum { TRIES = 10, TAKE_OVER_US = 10 * 1000000, POLL_US = 3000 };

struct sealing {
	struct engine	*eng;
	struct str	 repo, branch;
	const struct commit_opts *opt;
	struct uid	 ticket;
	bool		 take_over;		/* of this ticket */
	struct uid	 other;
	/* set anew by each run of a transaction */
	struct repo	 r;
	struct branch	 br;
	struct gc_state	 gs;
	bool		 waits;			/* another's cut is live */
	bool		 gone;			/* our ticket is */
	struct commit	*c;
};

static enum err
commit_seal_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct sealing		*s = arg;
	struct branch_cut	*cut = &s->br.cut;
	enum err		 e;

	if ((e = branch_open(cx, tx, s->repo, s->branch, s->opt->force, &s->r,
	    &s->br)) != OK)
		return e;
	s->waits = cut->live &&
	    !(s->take_over && uid_is(&cut->ticket, &s->other)) &&
	    !fault_skip("TAKE_OVER");
	if (s->waits)
		return OK;
	if ((e = area_check_backlog(cx, &s->br)) != OK ||
	    (e = gc_state_find(cx, tx, &s->gs)) != OK)
		return e;
	/* What is acknowledged from here on is not in this commit.  [I6] */
	*cut = (struct branch_cut){ .live = true, .ticket = s->ticket,
	    .upto = s->br.open, .since = cx->now };
	s->br.open++;
	return branch_put(cx, tx, &s->r.ruid, &s->br);
}

static enum err
commit_look_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct sealing	*s = arg;
	enum err	 e;

	if ((e = repo_find(cx, tx, s->repo, &s->r)) != OK ||
	    (e = branch_need(cx, tx, &s->r.ruid, s->branch, &s->br)) != OK)
		return e;
	s->gone = !s->br.cut.live || (!fault_skip("N_TICKET") &&
	    !uid_is(&s->br.cut.ticket, &s->ticket));
	return OK;
}

static enum err
commit_clear_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct sealing	*s = arg;
	enum err	 e;

	if ((e = commit_look_fn(cx, tx, arg)) != OK || s->gone)
		return e;
	s->br.cut.live = false;
	return branch_put(cx, tx, &s->r.ruid, &s->br);
}

enum err
commit_check_text(struct cx *cx, const struct commit_opts *opt)
{
	size_t	i, n = opt->message.n;

	for (i = 0; i < opt->n_meta; i++)
		n += opt->meta[i].name.n + opt->meta[i].value.n;
	if (!fault_skip("COMMIT_TEXT") && n > LIMIT_COMMIT)
		return fail(cx, E_TOO_LARGE, "the message and metadata of the "
		    "commit have %zu bytes; the maximum is %d", n,
		    LIMIT_COMMIT);
	return OK;
}

void
commit_describe(struct cx *cx, const struct commit_opts *opt,
    struct commit *c)
{
	c->date = opt->has_date ? opt->date : cx->now;
	c->committer = opt->committer;
	c->message = opt->message;
	c->meta = opt->meta;
	c->n_meta = opt->n_meta;
}

enum err
commit_on(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs,
    const struct uid *ruid, struct branch *br, struct commit *c,
    const char *what)
{
	struct headmove	m = { .old = br->head, .who = c->committer,
	    .what = str_of(what) };
	enum err	e;

	c->generation++;
	if (fault_skip("COMMIT_ORDER"))
		c->order = 0;
	if ((e = commit_put(cx, tx, gs, ruid, c)) != OK)
		return e;
	m.new = c->id;
	return branch_move(cx, tx, ruid, br, &m);
}

static enum err
commit_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct sealing	*s = arg;
	struct commit	 head;
	enum err	 e;

	if ((e = commit_look_fn(cx, tx, arg)) != OK || s->gone)
		return e;
	if ((e = gc_state_find(cx, tx, &s->gs)) != OK ||
	    (e = commit_need(cx, tx, &s->r.ruid, &s->br.head, &head)) != OK)
		return e;
	*s->c = (struct commit){ .tree = s->br.cut.tree, .n_parents = 1,
	    .parents = { head.id }, .generation = head.generation,
	    .order = commit_latest(&head) };
	commit_describe(cx, s->opt, s->c);
	/* working and low stay: the view does not change.  [I1, I7] */
	if ((e = commit_on(cx, tx, &s->gs, &s->r.ruid, &s->br, s->c,
	    "commit")) != OK)
		return e;
	return branch_put(cx, tx, &s->r.ruid, &s->br);
}

/*
 * Wait while another's cut is live, and take it over when it stands still.
 * It is watched in snapshots: a wait takes nothing from those who write.
 */
static enum err
commit_wait(struct cx *cx, struct sealing *s)
{
	const struct timespec	nap = { 0, POLL_US * 1000 };
	struct arena_mark	mark = arena_mark(cx->mem);
	int64_t			since = when_monotonic();
	uint64_t		low = s->br.low;
	enum err		e;

	s->other = s->br.cut.ticket;
	s->take_over = false;
	do {
		nanosleep(&nap, NULL);
		arena_back(cx->mem, mark);
		if ((e = kv_read(cx, s->eng->kv, commit_look_fn, s)) != OK ||
		    !s->br.cut.live || !uid_is(&s->other, &s->br.cut.ticket))
			return e;
		if (low != s->br.low) {
			low = s->br.low;
			since = when_monotonic();
		}
		s->take_over = when_monotonic() - since > TAKE_OVER_US;
	} while (!s->take_over);
	return OK;
}

static enum err
commit_seal(struct cx *cx, struct sealing *s)
{
	enum err	e;

	for (;;) {
		ident_random(s->ticket.b, sizeof s->ticket);
		if ((e = kv_write(cx, s->eng->kv, commit_seal_fn, s)) != OK ||
		    !s->waits || (e = commit_wait(cx, s)) != OK)
			return e;
	}
}

/* Fold up to the cut, whose tree the last slice brings, whoever's it is. */
static enum err
commit_reach(struct cx *cx, struct sealing *s)
{
	struct branch_id	id = { s->r.ruid, s->br.uid, s->branch };
	enum err		e;

	if ((e = fold_to(cx, s->eng, &id, s->br.cut.upto + 1)) != OK ||
	    (e = kv_read(cx, s->eng->kv, commit_look_fn, s)) != OK)
		return e;
	if (s->gone || s->br.cut.known || fault_skip("CUT_LOST"))
		return OK;
	return fail(cx, E_CORRUPT, "the staged rows of branch \"%.*s\" were "
	    "folded past the commit under way [I5]; commit again",
	    STRF(s->branch));
}

/* From the seal to the head. */
static enum err
commit_sealed(struct cx *cx, struct sealing *s)
{
	struct commit	head;
	enum err	e;
	bool		same = false;

	if ((e = commit_reach(cx, s)) != OK || s->gone)
		return e;
	if ((e = commit_load(cx, s->eng->kv, &s->r.ruid, &s->br.head,
	    &head)) != OK)
		return e;
	if (!s->opt->allow_empty && (e = tree_entries_same(cx, &s->eng->trees,
	    &head.tree, &s->br.cut.tree, &same)) != OK)
		return e;
	if (same)
		return fail(cx, E_NO_CHANGES, "commit: no changes on branch "
		    "\"%.*s\"", STRF(s->branch));
	if ((e = actions_check(cx, s->eng, &head.tree, &s->br.cut.tree)) != OK)
		return e;
	return kv_write(cx, s->eng->kv, commit_fn, s);
}

/* One try.  A cut that comes to nothing is not left for others to wait for. */
static enum err
commit_once(struct cx *cx, struct sealing *s)
{
	struct cx	aside;
	enum err	e;

	if ((e = fold_help(cx, s->eng, s->repo, s->branch)) != OK ||
	    (e = commit_seal(cx, s)) != OK || (e = commit_sealed(cx, s)) == OK)
		return e;
	e = claim_overtaken(cx, s->eng->kv, s->gs.epoch, e);
	aside = cx_aside(cx);
	kv_write(&aside, s->eng->kv, commit_clear_fn, s);
	return e;
}

enum err
commit_create(struct cx *cx, struct engine *eng, struct str repo,
    struct str branch, const struct commit_opts *opt, struct commit *out)
{
	struct sealing	s = { .eng = eng, .repo = repo, .branch = branch,
	    .opt = opt, .c = out };
	enum err	e;
	int		i;

	if ((e = commit_check_text(cx, opt)) != OK)
		return e;
	for (i = 0; i < TRIES; i++) {
		e = commit_once(cx, &s);
		if (e == E_CONDEMNED) {
			cx_forget(cx);
			continue;
		}
		if (e != OK)
			return e;
		if (!s.gone) {
			metric_add(METRIC_commits, 1);
			todo_add(&eng->todo, &s.r.ruid, branch, &s.br.uid);
			return OK;
		}
		s.take_over = false;
	}
	return fail(cx, E_TIP_MOVED, "branch \"%.*s\" was reset or merged "
	    "into %d times during the commit", STRF(branch), TRIES);
}
