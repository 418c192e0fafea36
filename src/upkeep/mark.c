/* Walking everything that has a name. */
#include "upkeep/mark.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "lake/keys.h"
#include "upkeep/pile.h"
#include "upkeep/rows.h"
#include "upkeep/seen.h"

enum { TODO_MOST = 16384 };	/* commits in memory: 512 KiB */

/* ---- what was seen ----------------------------------------------------- */

void
mark_init_small(struct mark *m, struct engine *eng, size_t slots)
{
	memset(m, 0, sizeof *m);
	m->eng = eng;
	m->trees = eng->trees;
	m->seen = seen_open(slots);
	m->todo = pile_open(sizeof(struct oid), slots < TODO_MOST ? slots :
	    TODO_MOST);
}

void
mark_init(struct mark *m, struct engine *eng)
{
	mark_init_small(m, eng, SEEN_MOST);
}

void
mark_release(struct mark *m)
{
	seen_close(m->seen);
	pile_close(m->todo);
}

void
mark_forget(struct mark *m)
{
	m->n = 0;
	seen_empty(m->seen);
}

bool
mark_has(const struct mark *m, char kind, struct str id)
{
	return seen_has(m->seen, kind, id);
}

bool
mark_see(struct mark *m, char kind, struct str id)
{
	if (!seen_add(m->seen, kind, id))
		return false;
	m->n++;
	if (m->progress != NULL && (m->n == 1 || m->n % 1024 == 0))
		m->progress(m->progress_arg, "walking", m->n, 0);
	return true;
}

enum err
mark_check(struct cx *cx, const struct mark *m)
{
	return seen_check(cx, m->seen);
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
mark_get_node(struct cx *cx, struct mark *m, const struct oid *id,
    struct node **out)
{
	return m->get_node != NULL ? m->get_node(cx, m, id, out) :
	    node_get(cx, &m->trees, NULL, id, out);
}

static enum err
mark_get_record(struct cx *cx, struct mark *m, struct str key,
    struct str *value, bool *there)
{
	return m->get_record != NULL ? m->get_record(cx, m, key, value, there) :
	    kv_get(cx, m->eng->kv, key, value, there);
}

static enum err
mark_value(struct cx *cx, struct mark *m, struct str path, struct str value)
{
	struct arena_mark	back = arena_mark(cx->mem);
	struct entry		en;
	enum err		e = OK;

	if (entry_parse(cx, value, &en) != OK) {
		fail(cx, E_CORRUPT, "the entry of \"%.*s\" cannot be read",
		    STRF(path));
		e = mark_on_missing(cx, m);
		arena_back(cx->mem, back);
		return e;
	}
	m->entries++;
	if (en.has_manifest && !fault_skip("MARK_MANIFEST"))
		e = mark_manifest(cx, m, &en.manifest);
	if (e == OK)
		e = m->entry(cx, m, path, &en);
	arena_back(cx->mem, back);
	return e;
}

static enum err
mark_node(struct cx *cx, struct mark *m, const struct oid *id, unsigned above,
    bool rightmost);

/* Every item of a node. */
static enum err
mark_items(struct cx *cx, struct mark *m, struct node *n, bool rightmost)
{
	struct node_it	*it = malloc(sizeof *it);
	enum err	 e = OK;

	if (it == NULL)
		abort();
	node_begin(it, n);
	while (e == OK && node_step(it))
		e = it->level == 0 ?
		    mark_value(cx, m, node_key(it), it->value) :
		    mark_node(cx, m, &it->child, it->level,
		    rightmost && it->off >= it->end);
	if (e == OK && it->bad) {
		fail(cx, E_CORRUPT, "tree node %s cannot be read",
		    oid_hex(&n->id).z);
		e = mark_on_missing(cx, m);
	}
	free(it);
	return e;
}

/* Levels fall one by one, as those who read trees demand: a chain of nodes that
 * somebody made up ends within TREE_LEVELS. */
static enum err
mark_level(struct cx *cx, const struct node *n, unsigned above)
{
	if (above == TREE_LEVELS || node_level(n) + 1 == above ||
	    fault_skip("MARK_LEVELS"))
		return OK;
	return fail(cx, E_CORRUPT, "tree node %s has level %u below level %u",
	    oid_hex(&n->id).z, node_level(n), above);
}

/* above: the level of its parent; TREE_LEVELS: it is a root. */
static enum err
mark_node(struct cx *cx, struct mark *m, const struct oid *id, unsigned above,
    bool rightmost)
{
	struct arena_mark	 back = arena_mark(cx->mem);
	struct node		*n;
	enum err		 e;

	if (!mark_see(m, GREY_NODE, oid_str(id)))
		return mark_check(cx, m);
	if (mark_get_node(cx, m, id, &n) != OK)
		return cx->code == E_CORRUPT ? mark_on_missing(cx, m) :
		    cx->code;
	m->nodes++;
	if (mark_level(cx, n, above) != OK)
		e = mark_on_missing(cx, m);
	else if (m->node == NULL || (e = m->node(cx, m, n, rightmost)) == OK)
		e = mark_items(cx, m, n, rightmost);
	node_release(n);
	arena_back(cx->mem, back);
	return e;
}

enum err
mark_tree(struct cx *cx, struct mark *m, const struct oid *root)
{
	return oid_is_zero(root) ? OK : mark_node(cx, m, root, TREE_LEVELS,
	    true);
}

enum err
mark_manifest(struct cx *cx, struct mark *m, const struct uid *id)
{
	struct entry	en = { .size = 0 };
	struct str	v;
	enum err	e;
	bool		there;

	if (!mark_see(m, GREY_MANIFEST, uid_str(id)))
		return mark_check(cx, m);
	if ((e = mark_get_record(cx, m, key_manifest(cx, id), &v,
	    &there)) != OK)
		return e == E_CORRUPT ? mark_on_missing(cx, m) : e;
	if (!there) {
		fail(cx, E_CORRUPT, "a manifest is missing");
		return mark_on_missing(cx, m);
	}
	if (entry_manifest_parse(cx, v, &en) != OK)
		return mark_on_missing(cx, m);
	return m->entry(cx, m, STR(""), &en);
}

static enum err
mark_one_commit(struct cx *cx, struct mark *m, const struct uid *ruid,
    const struct oid *id)
{
	struct str	key = key_commit(cx, ruid, oid_str(id)), v;
	struct commit	c;
	enum err	e;
	size_t		i;
	bool		there;

	if (oid_is_zero(id))
		return OK;
	if (!mark_see(m, GREY_COMMIT, str_from(key, 1)))
		return mark_check(cx, m);
	if ((e = mark_get_record(cx, m, key, &v, &there)) != OK)
		return e == E_CORRUPT ? mark_on_missing(cx, m) : e;
	if (!there)
		fail(cx, E_CORRUPT, "commit %s is missing", oid_hex(id).z);
	if (!there || commit_parse(cx, v, &c) != OK)
		return mark_on_missing(cx, m);
	m->commits++;
	for (i = 0; i < c.n_parents; i++)
		pile_push(cx, m->todo, &c.parents[i]);
	if (m->commit != NULL && (e = m->commit(cx, m, ruid, &c)) != OK)
		return e;
	return mark_tree(cx, m, &c.tree);
}

enum err
mark_commit(struct cx *cx, struct mark *m, const struct uid *ruid,
    const struct oid *first)
{
	struct arena_mark	back = arena_mark(cx->mem);
	struct oid		id = *first;
	enum err		e;
	bool			there = true;

	pile_empty(m->todo);
	do {
		e = mark_one_commit(cx, m, ruid, &id);
		if (!fault_skip("MARK_MEMORY"))
			arena_back(cx->mem, back);
	} while (e == OK && (e = pile_pop(cx, m->todo, &id, &there)) == OK &&
	    there);
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
	if (value.n == 0 || (unsigned char)value.p[0] > 1) {
		fail(cx, E_CORRUPT, "a staged row cannot be read");
		return mark_on_missing(cx, m);
	}
	if (value.p[0] == 0)
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
