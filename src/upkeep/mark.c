/* Walking everything that has a name. */
#include "upkeep/mark.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/fault.h"
#include "base/ident.h"
#include "base/vec.h"
#include "lake/keys.h"
#include "upkeep/rows.h"

struct seen {
	uint64_t	a, b;		/* both 0: free */
};

/* ---- what was seen ----------------------------------------------------- */

void
mark_init(struct mark *m, struct engine *eng)
{
	memset(m, 0, sizeof *m);
	m->eng = eng;
	m->trees = eng->trees;
	m->size = 4096;
	m->table = calloc(m->size, sizeof *m->table);
	if (m->table == NULL)
		abort();
	ident_random(m->seed, sizeof m->seed);
}

void
mark_release(struct mark *m)
{
	free(m->table);
}

void
mark_forget(struct mark *m)
{
	m->n = 0;
	memset(m->table, 0, m->size * sizeof *m->table);
}

static struct seen
mark_print(const struct mark *m, char kind, struct str id)
{
	unsigned char	hash[SHA256_BYTES];
	struct digest	d;
	struct seen	s;

	digest_begin(&d, DIGEST_SHA256);
	digest_feed(&d, m->seed, sizeof m->seed);
	digest_feed(&d, &kind, 1);
	digest_feed(&d, id.p, id.n);
	digest_end(&d, hash);
	memcpy(&s, hash, sizeof s);
	s.a |= 1;
	return s;
}

static struct seen *
mark_slot(const struct mark *m, struct seen s)
{
	size_t	i = s.b & (m->size - 1);

	while (m->table[i].a != 0 &&
	    (m->table[i].a != s.a || m->table[i].b != s.b))
		i = (i + 1) & (m->size - 1);
	return &m->table[i];
}

static void
mark_grow(struct mark *m)
{
	struct seen	*old = m->table;
	size_t		 i, n = m->size;

	m->size *= 2;
	m->table = calloc(m->size, sizeof *m->table);
	if (m->table == NULL)
		abort();
	for (i = 0; i < n; i++)
		if (old[i].a != 0)
			*mark_slot(m, old[i]) = old[i];
	free(old);
}

bool
mark_has(const struct mark *m, char kind, struct str id)
{
	return mark_slot(m, mark_print(m, kind, id))->a != 0;
}

bool
mark_see(struct mark *m, char kind, struct str id)
{
	struct seen	s = mark_print(m, kind, id), *at = mark_slot(m, s);

	if (at->a != 0)
		return false;
	*at = s;
	if (++m->n * 2 > m->size)
		mark_grow(m);
	if (m->progress != NULL && (m->n == 1 || m->n % 1024 == 0))
		m->progress(m->progress_arg, "walking", m->n, 0);
	return true;
}

/* ---- down from a root -------------------------------------------------- */

static enum err
mark_on_missing(struct cx *cx, struct mark *m)
{
	if (m->on_missing == NULL)
		return cx->code;
	return m->on_missing(cx, m);
}

static enum err
mark_value(struct cx *cx, struct mark *m, struct str path, struct str value)
{
	struct arena_mark	back = arena_mark(cx->mem);
	struct entry		en;
	enum err		e;

	if ((e = entry_parse(cx, value, &en)) != OK)
		return mark_on_missing(cx, m);
	m->entries++;
	if (en.has_manifest && !fault_skip("MARK_MANIFEST"))
		e = mark_manifest(cx, m, &en.manifest);
	if (e == OK)
		e = m->entry(cx, m, path, &en);
	arena_back(cx->mem, back);
	return e;
}

static enum err
mark_node(struct cx *cx, struct mark *m, const struct oid *id,
    bool rightmost)
{
	struct arena_mark	 back = arena_mark(cx->mem);
	struct node_it		*it;
	struct node		*n;
	enum err		 e;

	if (!mark_see(m, GREY_NODE, oid_str(id)))
		return OK;
	if (node_get(cx, &m->trees, NULL, id, &n) != OK)
		return cx->code == E_CORRUPT ? mark_on_missing(cx, m) :
		    cx->code;
	m->nodes++;
	e = m->node != NULL ? m->node(cx, m, n, rightmost) : OK;
	if ((it = malloc(sizeof *it)) == NULL)
		abort();
	node_begin(it, n);
	while (e == OK && node_step(it))
		e = it->level == 0 ?
		    mark_value(cx, m, node_key(it), it->value) :
		    mark_node(cx, m, &it->child,
		    rightmost && it->off >= it->end);
	if (e == OK && it->bad) {
		fail(cx, E_CORRUPT, "tree node %s cannot be read",
		    oid_hex(id).z);
		e = mark_on_missing(cx, m);
	}
	free(it);
	node_release(n);
	arena_back(cx->mem, back);
	return e;
}

enum err
mark_tree(struct cx *cx, struct mark *m, const struct oid *root)
{
	return oid_is_zero(root) ? OK : mark_node(cx, m, root, true);
}

enum err
mark_manifest(struct cx *cx, struct mark *m, const struct uid *id)
{
	struct entry	en = { .size = 0 };
	struct str	v;
	enum err	e;
	bool		there;

	if (!mark_see(m, GREY_MANIFEST, uid_str(id)))
		return OK;
	if ((e = kv_get(cx, m->eng->kv, key_manifest(cx, id), &v,
	    &there)) != OK)
		return e;
	if (!there) {
		fail(cx, E_CORRUPT, "a manifest is missing");
		return mark_on_missing(cx, m);
	}
	if (entry_manifest_parse(cx, v, &en) != OK)
		return mark_on_missing(cx, m);
	return m->entry(cx, m, STR(""), &en);
}

struct commits {		/* still to be walked; a history is long */
	struct arena	*mem;
	VEC(struct oid)	 todo;
};

static enum err
mark_one_commit(struct cx *cx, struct mark *m, const struct uid *ruid,
    const struct oid *id, struct commits *more)
{
	struct str	key = key_commit(cx, ruid, oid_str(id)), v;
	struct commit	c;
	enum err	e;
	size_t		i;
	bool		there;

	if (oid_is_zero(id) || !mark_see(m, GREY_COMMIT, str_from(key, 1)))
		return OK;
	if ((e = kv_get(cx, m->eng->kv, key, &v, &there)) != OK)
		return e;
	if (!there)
		fail(cx, E_CORRUPT, "commit %s is missing", oid_hex(id).z);
	if (!there || commit_parse(cx, v, &c) != OK)
		return mark_on_missing(cx, m);
	m->commits++;
	for (i = 0; i < c.n_parents; i++)
		*VEC_PUSH(more->mem, &more->todo) = c.parents[i];
	if (m->commit != NULL && (e = m->commit(cx, m, ruid, &c)) != OK)
		return e;
	return mark_tree(cx, m, &c.tree);
}

enum err
mark_commit(struct cx *cx, struct mark *m, const struct uid *ruid,
    const struct oid *first)
{
	struct commits		more = { .mem = arena_new() };
	struct arena_mark	back = arena_mark(cx->mem);
	struct oid		id;
	enum err		e = OK;

	*VEC_PUSH(more.mem, &more.todo) = *first;
	while (e == OK && more.todo.n > 0) {
		id = more.todo.at[--more.todo.n];
		e = mark_one_commit(cx, m, ruid, &id, &more);
		if (!fault_skip("MARK_MEMORY"))
			arena_back(cx->mem, back);
	}
	arena_free(more.mem);
	return e;
}

/* ---- roots ------------------------------------------------------------- */

static struct uid
mark_uid_in(struct str key)
{
	struct uid	u = { { 0 } };
	struct str	s = str_from(key, 1);

	take_bytes(&s, sizeof u, u.b);
	return u;
}

static enum err
mark_root_branch(struct cx *cx, struct mark *m, struct str key,
    struct str value)
{
	struct uid	 ruid = mark_uid_in(key);
	struct branch	 br;
	enum err	 e;

	if (branch_parse(cx, value, &br) != OK)
		return mark_on_missing(cx, m);
	if ((e = mark_commit(cx, m, &ruid, &br.head)) != OK ||
	    (e = mark_tree(cx, m, &br.working)) != OK)
		return e;
	return br.cut.live && br.cut.known && !fault_skip("MARK_CUT") ?
	    mark_tree(cx, m, &br.cut.tree) : OK;
}

static enum err
mark_root_tag(struct cx *cx, struct mark *m, struct str key,
    struct str value)
{
	struct uid	ruid = mark_uid_in(key);
	struct oid	id;

	if (!take_bytes(&value, sizeof id, id.b)) {
		fail(cx, E_CORRUPT, "a tag cannot be read");
		return mark_on_missing(cx, m);
	}
	return mark_commit(cx, m, &ruid, &id);
}

static enum err
mark_root_head(struct cx *cx, struct mark *m, struct str key,
    struct str value)
{
	struct uid	ruid = mark_uid_in(key);
	struct headmove	mv;
	enum err	e;

	if (headmove_parse(cx, value, &mv) != OK)
		return mark_on_missing(cx, m);
	if ((e = mark_commit(cx, m, &ruid, &mv.old)) != OK)
		return e;
	return mark_commit(cx, m, &ruid, &mv.new);
}

static enum err
mark_root_row(struct cx *cx, struct mark *m, struct str key,
    struct str value)
{
	if (value.n == 0 || value.p[0] == 0)
		return OK;
	return mark_value(cx, m, str_from(key, 1 + sizeof(struct uid) + 8),
	    str_from(value, 1));
}

static enum err
mark_root_part(struct cx *cx, struct mark *m, struct str key,
    struct str value)
{
	(void)key;
	return fault_skip("MARK_PARTS") ? OK :
	    mark_value(cx, m, STR("a part"), value);
}

enum err
mark_root(struct cx *cx, struct mark *m, struct str key, struct str value)
{
	switch (key.p[0]) {
	case 'B':
		return mark_root_branch(cx, m, key, value);
	case 'T':
		return mark_root_tag(cx, m, key, value);
	case 'H':
		return mark_root_head(cx, m, key, value);
	case 'P':
		return mark_root_part(cx, m, key, value);
	default:
		return mark_root_row(cx, m, key, value);
	}
}

static enum err
mark_each_root(struct cx *cx, struct str key, struct str value, void *arg)
{
	return mark_root(cx, arg, key, value);
}

enum err
mark_roots(struct cx *cx, struct mark *m)
{
	static const char	roots[] = MARK_ROOTS;
	size_t			i;
	enum err		e = OK;

	for (i = 0; e == OK && roots[i] != '\0'; i++)
		e = rows_each(cx, m->eng->kv, key_letter(cx, roots[i]), false,
		    mark_each_root, m);
	return e;
}
