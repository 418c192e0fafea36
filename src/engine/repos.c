/* Repositories. */
#include "engine/engine.h"

#include <string.h>

#include "base/fault.h"
#include "base/ident.h"
#include "base/vec.h"
#include "engine/branches.h"
#include "engine/disk.h"
#include "engine/listing.h"
#include "engine/namespace.h"
#include "engine/records.h"
#include "engine/refs.h"
#include "lake/keys.h"
#include "lake/names.h"

struct repo_create {
	struct repo	*r;
	struct str	 who;
	struct uid	 branch_uid;
};

/* Namespaces are not shared: [REST createRepository] 400.  [I21] */
static enum err
repo_namespace_take(struct cx *cx, struct kv_tx *tx, const struct repo *r)
{
	struct str		ns = r->storage_namespace;
	struct namespace	other;
	enum err		e;
	bool			there;

	if ((e = namespace_find(cx, tx, ns, &other, &there)) != OK)
		return e;
	if (there && !fault_skip("NAMESPACE_FREE"))
		return fail(cx, E_BAD_ARGUMENT, "storage namespace \"%.*s\" "
		    "already in use", STRF(ns));
	return namespace_put(cx, tx, r);
}

static enum err
repo_create_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct repo_create	*c = arg;
	struct repo		*r = c->r;
	struct branch		 br = { .name = r->default_branch,
	    .uid = c->branch_uid, .low = 1, .open = 1 };
	struct commit		 first = { .generation = 1,
	    .date = cx->now, .committer = STR(""),
	    .message = STR("Repository created") };
	struct headmove		 m = { .who = c->who, .what = STR("create") };
	struct gc_state		 gs;
	struct str		 v;
	enum err		 e;
	bool			 there;

	if ((e = kv_find(cx, tx, key_repo(cx, r->name), &v, &there)) != OK)
		return e;
	if (there)
		return fail(cx, E_REPO_EXISTS, "repository \"%.*s\" exists "
		    "already", STRF(r->name));
	if ((e = repo_namespace_take(cx, tx, r)) != OK ||
	    (e = gc_state_find(cx, tx, &gs)) != OK ||
	    (e = repo_put(cx, tx, r)) != OK ||
	    (e = commit_put(cx, tx, &gs, &r->ruid, &first)) != OK)
		return e;
	m.new = first.id;
	if ((e = branch_move(cx, tx, &r->ruid, &br, &m)) != OK)
		return e;
	return branch_put(cx, tx, &r->ruid, &br);
}

enum err
repo_create(struct cx *cx, struct engine *eng, struct repo *r, struct str who)
{
	struct repo_create	c = { .r = r, .who = who };
	enum err		e;

	if ((e = name_check_repo(cx, r->name)) != OK ||
	    (e = name_check_branch(cx, r->default_branch)) != OK ||
	    (e = disk_check_record(cx, eng)) != OK)
		return e;
	ident_random(r->ruid.b, sizeof r->ruid);
	ident_random(c.branch_uid.b, sizeof c.branch_uid);
	r->created = cx->now;
	return kv_write(cx, eng->kv, repo_create_fn, &c);
}

struct repo_get {
	struct str	 name;
	struct repo	*out;
};

static enum err
repo_get_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct repo_get	*g = arg;

	return repo_find(cx, tx, g->name, g->out);
}

enum err
repo_get(struct cx *cx, struct engine *eng, struct str name, struct repo *out)
{
	struct repo_get	g = { name, out };

	return kv_read(cx, eng->kv, repo_get_fn, &g);
}

struct repo_set {
	struct str	 name, value;
	const char	*setting;
};

static enum err
repo_set_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	const struct repo_set	*s = arg;
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
	struct repo_set	s = { name, value, setting };

	return kv_write(cx, eng->kv, repo_set_fn, &s);
}

struct repo_list {
	const struct list_query	*q;
	/* set anew by each run */
	struct list_fill	 fill;
	VEC(struct repo)	 found;
};

static enum err
repo_list_take(struct cx *cx, void *self, struct str key, struct str value)
{
	struct repo_list	*l = self;
	struct repo		*r;
	enum err		 e;

	if (!list_takes(&l->fill, list_cost(value)))
		return OK;
	r = VEC_PUSH(cx->mem, &l->found);
	e = repo_parse(cx, str_dup(cx->mem, value), r);
	r->name = str_dup(cx->mem, str_from(key, 1));
	return e;
}

static enum err
repo_list_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct repo_list	*l = arg;
	struct keys_range	 in = key_range(cx, key_repo(cx, l->q->prefix));

	memset(&l->found, 0, sizeof l->found);
	if (l->q->after.n > 0)
		list_after(cx, &in, key_repo(cx, l->q->after));
	return list_records(cx, tx, &in, &l->fill, repo_list_take, l);
}

enum err
repo_list(struct cx *cx, struct engine *eng, const struct list_query *q,
    struct repo_page *out)
{
	struct repo_list	l = { .q = q, .fill = { .limit = q->limit } };
	enum err		e;

	if ((e = list_claim(cx, q->limit)) != OK)
		return e;
	e = kv_read(cx, eng->kv, repo_list_fn, &l);
	*out = (struct repo_page){ l.found.at, l.found.n, l.fill.more };
	return e;
}

struct repo_delete {
	struct engine	*eng;
	struct str	 name;
	bool		 force, unused;
};

/* Are there more than n records under a key? */
static enum err
repo_has_more(struct cx *cx, struct kv_tx *tx, struct str key, size_t n,
    bool *more)
{
	struct keys_range	 in = key_range(cx, key);
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
repo_has_object(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    const struct view *v, bool *has)
{
	struct merged_range	in = view_range(v);
	struct merged		m;
	struct str		path, value;
	enum err		e;

	e = merged_open(cx, eng, tx, &in, STR(""), &m);
	do
		e = e != OK ? e : merged_next(cx, &m, &path, &value, has);
	while (e == OK && *has && value.p == NULL);
	merged_close(&m);
	return e;
}

/* Nothing that anyone could miss: one branch, its first commit, no object. */
static enum err
repo_check_unused(struct cx *cx, struct kv_tx *tx, struct engine *eng,
    const struct repo *r)
{
	struct view	v;
	struct commit	head;
	enum err	e;
	bool		branches, tags, objects;

	if ((e = repo_has_more(cx, tx, key_branch(cx, &r->ruid, STR("")), 1,
	    &branches)) != OK ||
	    (e = repo_has_more(cx, tx, key_tag(cx, &r->ruid, STR("")), 0,
	    &tags)) != OK ||
	    (e = ref_view(cx, tx, r, r->default_branch, &v)) != OK ||
	    (e = commit_need(cx, tx, &r->ruid, &v.br.head, &head)) != OK ||
	    (e = repo_has_object(cx, eng, tx, &v, &objects)) != OK)
		return e;
	return branches || tags || objects || head.n_parents > 0 ?
	    fail(cx, E_NOT_EMPTY, "repository \"%.*s\" is not empty",
	    STRF(r->name)) : OK;
}

static enum err
repo_delete_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct repo_delete	*d = arg;
	struct repo		 r;
	enum err		 e;

	if ((e = repo_find(cx, tx, d->name, &r)) != OK ||
	    (e = repo_writable(cx, &r, d->force)) != OK ||
	    (d->unused && (e = repo_check_unused(cx, tx, d->eng, &r)) != OK) ||
	    (e = kv_delete(cx, tx, key_repo(cx, d->name))) != OK ||
	    (e = namespace_drop(cx, tx, &r)) != OK)
		return e;
	/* Everything under ruid goes later, in small steps. */
	return kv_put_bytes(cx, tx, key_reap(cx, 'R', &r.ruid), STR(""));
}

enum err
repo_delete(struct cx *cx, struct engine *eng, struct str name, bool force)
{
	struct repo_delete	d = { .eng = eng, .name = name,
	    .force = force };

	return kv_write(cx, eng->kv, repo_delete_fn, &d);
}

enum err
repo_delete_unused(struct cx *cx, struct engine *eng, struct str name)
{
	struct repo_delete	d = { .eng = eng, .name = name,
	    .unused = true };

	return kv_write(cx, eng->kv, repo_delete_fn, &d);
}
