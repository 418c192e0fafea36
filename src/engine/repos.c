/* Repositories. */
#include "engine/engine.h"

#include "base/buf.h"
#include "base/ident.h"
#include "base/vec.h"
#include "engine/area.h"
#include "engine/branches.h"
#include "engine/listing.h"
#include "engine/records.h"
#include "engine/refs.h"
#include "lake/keys.h"
#include "lake/names.h"

struct create {
	struct repo	*r;
	struct str	 who;
	struct uid	 branch_uid;
};

/* Namespaces are not shared: [REST createRepository] 400. */
static enum err
namespace_free(struct cx *cx, struct kv_tx *tx, struct str ns)
{
	struct range		 all = key_range(cx, key_letter(cx, 'R'));
	struct kv_cursor	*cur;
	struct repo		 r;
	struct str		 k, v;
	enum err		 e;
	bool			 there;

	if ((e = kv_scan(cx, tx, all.lo, all.hi, &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there) {
		if ((e = repo_parse(cx, v, &r)) != OK)
			return e;
		if (str_is(r.storage_namespace, ns))
			return fail(cx, E_BAD_ARGUMENT, "storage namespace "
			    "\"%.*s\" already in use", STRF(ns));
	}
	return e;
}

static enum err
create_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	static const struct oid	 none;
	struct create		*c = arg;
	struct repo		*r = c->r;
	struct branch		 br = { .name = r->default_branch,
	    .uid = c->branch_uid, .low = 1, .open = 1 };
	struct commit		 first = { .generation = 1,
	    .date = cx->now / 1000, .committer = STR(""),
	    .message = STR("Repository created") };
	struct gc_state		 gs;
	struct str		 v;
	enum err		 e;
	bool			 there;

	if ((e = kv_find(cx, tx, key_repo(cx, r->name), &v, &there)) != OK)
		return e;
	if (there)
		return fail(cx, E_REPO_EXISTS, "repository \"%.*s\" exists "
		    "already", STRF(r->name));
	if ((e = namespace_free(cx, tx, r->storage_namespace)) != OK ||
	    (e = gc_state_find(cx, tx, &gs)) != OK ||
	    (e = repo_put(cx, tx, r)) != OK ||
	    (e = commit_put(cx, tx, &gs, &r->ruid, &first)) != OK ||
	    (e = branch_move(cx, tx, &r->ruid, &br, &none, &first.id, c->who,
	    "create")) != OK)
		return e;
	return branch_put(cx, tx, &r->ruid, &br);
}

enum err
repo_create(struct cx *cx, struct engine *eng, struct repo *r, struct str who)
{
	struct create	c = { .r = r, .who = who };
	enum err	e;

	if ((e = name_check_repo(cx, r->name)) != OK ||
	    (e = name_check_branch(cx, r->default_branch)) != OK)
		return e;
	ident_random(r->ruid.b, sizeof r->ruid);
	ident_random(c.branch_uid.b, sizeof c.branch_uid);
	r->created = cx->now;
	return kv_write(cx, eng->kv, create_fn, &c);
}

struct get {
	struct str	 name;
	struct repo	*out;
};

static enum err
get_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct get	*g = arg;

	return repo_find(cx, tx, g->name, g->out);
}

enum err
repo_get(struct cx *cx, struct engine *eng, struct str name, struct repo *out)
{
	struct get	g = { name, out };

	return kv_read(cx, eng->kv, get_fn, &g);
}

struct set {
	struct str	 name, value;
	const char	*setting;
};

static enum err
set_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	const struct set	*s = arg;
	struct pair		*old, *p;
	struct repo		 r;
	size_t			 i, n;
	enum err		 e;

	if ((e = repo_find(cx, tx, s->name, &r)) != OK ||
	    (e = repo_writable(cx, &r, false)) != OK)
		return e;
	old = r.settings;
	n = r.n_settings;
	r.settings = p = arena_get(cx->mem, (n + 1) * sizeof *p);
	for (i = 0; i < n; i++)
		if (!str_is(old[i].name, str_of(s->setting)))
			*p++ = old[i];
	if (s->value.p != NULL)
		*p++ = (struct pair){ str_of(s->setting), s->value };
	r.n_settings = (size_t)(p - r.settings);
	return repo_put(cx, tx, &r);
}

enum err
repo_set(struct cx *cx, struct engine *eng, struct str name,
    const char *setting, struct str value)
{
	struct set	s = { name, value, setting };

	return kv_write(cx, eng->kv, set_fn, &s);
}

struct list {
	const struct list_query	*q;
	struct repo_page	*out;
};

static enum err
list_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct list		*l = arg;
	VEC(struct repo)	 found = { 0 };
	struct range		 in = key_range(cx, key_repo(cx, l->q->prefix));
	struct kv_cursor	*cur;
	struct repo		*r;
	struct str		 k, v;
	size_t			 cost = 0;
	enum err		 e;
	bool			 there;

	l->out->more = false;
	if (l->q->after.n > 0 && str_cmp(key_repo(cx, l->q->after), in.lo) >= 0)
		in.lo = str_after(cx->mem, key_repo(cx, l->q->after));
	if ((e = kv_scan(cx, tx, in.lo, in.hi, &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there) {
		if (list_full(l->q->limit, found.n, cost)) {
			l->out->more = true;
			break;
		}
		cost += list_cost(v);
		r = VEC_PUSH(cx->mem, &found);
		if ((e = repo_parse(cx, str_dup(cx->mem, v), r)) != OK)
			return e;
		r->name = str_dup(cx->mem, str_from(k, 1));
	}
	l->out->at = found.at;
	l->out->n = found.n;
	return e;
}

enum err
repo_list(struct cx *cx, struct engine *eng, const struct list_query *q,
    struct repo_page *out)
{
	struct list	l = { q, out };
	enum err	e;

	if ((e = list_claim(cx, q->limit)) != OK)
		return e;
	return kv_read(cx, eng->kv, list_fn, &l);
}

struct drop {
	struct engine	*eng;
	struct str	 name;
	bool		 force, unused;
};

/* Are there more than n records under a key? */
static enum err
more_than(struct cx *cx, struct kv_tx *tx, struct str key, size_t n,
    bool *more)
{
	struct range		 in = key_range(cx, key);
	struct kv_cursor	*cur;
	struct str		 k, v;
	enum err		 e;

	if ((e = kv_scan(cx, tx, in.lo, in.hi, &cur)) != OK)
		return e;
	do
		e = kv_next(cx, tx, cur, &k, &v, more);
	while (e == OK && *more && n-- > 0);
	return e;
}

static enum err
has_object(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    const struct view *v, bool *has)
{
	struct merged	m;
	struct str	path, value;
	enum err	e;

	e = merged_open(cx, eng, tx, &v->br.uid, v->br.low, v->br.open,
	    &v->tree, STR(""), &m);
	do
		e = e != OK ? e : merged_next(cx, &m, &path, &value, has);
	while (e == OK && *has && value.p == NULL);
	merged_close(&m);
	return e;
}

/* Nothing that anyone could miss: one branch, its first commit, no object. */
static enum err
check_unused(struct cx *cx, struct kv_tx *tx, struct engine *eng,
    const struct repo *r)
{
	struct view	v;
	struct commit	head;
	enum err	e;
	bool		branches, tags, objects;

	if ((e = more_than(cx, tx, key_branch(cx, &r->ruid, STR("")), 1,
	    &branches)) != OK ||
	    (e = more_than(cx, tx, key_tag(cx, &r->ruid, STR("")), 0,
	    &tags)) != OK ||
	    (e = ref_view(cx, tx, r, r->default_branch, &v)) != OK ||
	    (e = commit_need(cx, tx, &r->ruid, &v.br.head, &head)) != OK ||
	    (e = has_object(cx, eng, tx, &v, &objects)) != OK)
		return e;
	return branches || tags || objects || head.n_parents > 0 ?
	    fail(cx, E_NOT_EMPTY, "repository \"%.*s\" is not empty",
	    STRF(r->name)) : OK;
}

static enum err
drop_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct drop	*d = arg;
	struct repo	 r;
	enum err	 e;

	if ((e = repo_find(cx, tx, d->name, &r)) != OK ||
	    (e = repo_writable(cx, &r, d->force)) != OK ||
	    (d->unused && (e = check_unused(cx, tx, d->eng, &r)) != OK) ||
	    (e = kv_delete(cx, tx, key_repo(cx, d->name))) != OK)
		return e;
	/* Everything under ruid goes later, in small steps. */
	return kv_put_bytes(cx, tx, key_reap(cx, 'R', &r.ruid), STR(""));
}

enum err
repo_delete(struct cx *cx, struct engine *eng, struct str name, bool force)
{
	struct drop	d = { .eng = eng, .name = name, .force = force };

	return kv_write(cx, eng->kv, drop_fn, &d);
}

enum err
repo_delete_unused(struct cx *cx, struct engine *eng, struct str name)
{
	struct drop	d = { .eng = eng, .name = name, .unused = true };

	return kv_write(cx, eng->kv, drop_fn, &d);
}
