/* Byte forms of repositories, branches, commits, head moves and uploads. */
#include "lake/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/digest.h"

/* Of a commit: 1 has its date in seconds, and no order. */
enum { VERSION = 1, COMMIT_VERSION = 2 };

static bool
record_take_version(struct str *s)
{
	uint8_t	c;

	return take_byte(s, &c) && c == VERSION;
}

static enum err
record_damaged(struct cx *cx, const char *what)
{
	return fail(cx, E_CORRUPT, "%s record cannot be read", what);
}

void
repo_format(struct buf *b, const struct repo *r)
{
	size_t	i;

	buf_byte(b, VERSION);
	buf_add(b, r->ruid.b, sizeof r->ruid);
	buf_varint(b, (uint64_t)r->created);
	buf_field(b, r->default_branch);
	buf_field(b, r->storage_namespace);
	buf_byte(b, r->read_only);
	buf_pairs(b, r->meta, r->n_meta);
	buf_varint(b, r->n_protect);
	for (i = 0; i < r->n_protect; i++)
		buf_field(b, r->protect[i]);
	buf_pairs(b, r->settings, r->n_settings);
}

enum err
repo_parse(struct cx *cx, struct str s, struct repo *r)
{
	uint64_t	n, i;

	memset(r, 0, sizeof *r);
	if (!record_take_version(&s) ||
	    !take_bytes(&s, sizeof r->ruid, r->ruid.b) ||
	    !take_time(&s, &r->created) ||
	    !take_field(&s, &r->default_branch) ||
	    !take_field(&s, &r->storage_namespace) ||
	    !take_flag(&s, &r->read_only) ||
	    !take_pairs(cx->mem, &s, &r->meta, &r->n_meta) ||
	    !take_varint(&s, &n) || n > s.n)
		return record_damaged(cx, "repository");
	r->protect = arena_get(cx->mem, n * sizeof *r->protect);
	for (i = 0; i < n; i++)
		if (!take_field(&s, &r->protect[i]))
			return record_damaged(cx, "repository");
	r->n_protect = n;
	/* Records from before there were settings end here. */
	if (s.n > 0 && !take_pairs(cx->mem, &s, &r->settings, &r->n_settings))
		return record_damaged(cx, "repository");
	return OK;
}

struct str
repo_setting(const struct repo *r, const char *name)
{
	const struct pair	*p = pair_find(r->settings, r->n_settings,
	    str_of(name));

	return p != NULL ? p->value : STR("");
}

bool
repo_has_versions(const struct repo *r)
{
	return str_is(repo_setting(r, SETTING_VERSIONING), STR("Enabled"));
}

void
branch_format(struct buf *b, const struct branch *br)
{
	buf_byte(b, VERSION);
	buf_add(b, br->uid.b, sizeof br->uid);
	buf_add(b, br->head.b, sizeof br->head);
	buf_add(b, br->working.b, sizeof br->working);
	buf_varint(b, br->low);
	buf_varint(b, br->open);
	buf_byte(b, br->hidden);
	buf_byte(b, br->cut.live);
	if (!br->cut.live)
		return;
	buf_add(b, br->cut.ticket.b, sizeof br->cut.ticket);
	buf_varint(b, br->cut.upto);
	buf_varint(b, (uint64_t)br->cut.since);
	buf_byte(b, br->cut.known);
	buf_add(b, br->cut.tree.b, sizeof br->cut.tree);
}

enum err
branch_parse(struct cx *cx, struct str s, struct branch *br)
{
	struct branch_cut	*c = &br->cut;

	memset(br, 0, sizeof *br);
	if (!record_take_version(&s) ||
	    !take_bytes(&s, sizeof br->uid, br->uid.b) ||
	    !take_bytes(&s, sizeof br->head, br->head.b) ||
	    !take_bytes(&s, sizeof br->working, br->working.b) ||
	    !take_varint(&s, &br->low) || !take_varint(&s, &br->open) ||
	    !take_flag(&s, &br->hidden) || !take_flag(&s, &c->live))
		return record_damaged(cx, "branch");
	if (c->live && (!take_bytes(&s, sizeof c->ticket, c->ticket.b) ||
	    !take_varint(&s, &c->upto) || !take_time(&s, &c->since) ||
	    !take_flag(&s, &c->known) ||
	    !take_bytes(&s, sizeof c->tree, c->tree.b)))
		return record_damaged(cx, "branch");
	return OK;
}

static int
pair_order(const void *a, const void *b)
{
	const struct pair	*x = a, *y = b;

	return str_cmp(x->name, y->name);
}

void
commit_format(struct buf *b, struct commit *c)
{
	size_t	i;

	if (c->n_meta > 1)
		qsort(c->meta, c->n_meta, sizeof *c->meta, pair_order);
	if (c->order < c->date)
		c->order = c->date;
	buf_byte(b, COMMIT_VERSION);
	buf_add(b, c->tree.b, sizeof c->tree);
	buf_varint(b, c->n_parents);
	for (i = 0; i < c->n_parents; i++)
		buf_add(b, c->parents[i].b, sizeof c->parents[i]);
	buf_varint(b, c->generation);
	buf_varint(b, (uint64_t)c->date);
	buf_varint(b, (uint64_t)(c->order - c->date));
	buf_field(b, c->committer);
	buf_field(b, c->message);
	buf_pairs(b, c->meta, c->n_meta);
	digest_of(DIGEST_SHA256, b->p, b->n, c->id.b);
}

int64_t
commit_latest(const struct commit *c)
{
	return c->order > 0 ? c->order : c->date;
}

static bool
commit_take_time(struct str *s, uint8_t version, struct commit *c)
{
	int64_t	later;

	if (!take_time(s, &c->date) || c->date < 0)
		return false;
	if (version == VERSION) {
		c->date = c->date > INT64_MAX / 1000 ? INT64_MAX :
		    c->date * 1000;
		return true;
	}
	if (!take_time(s, &later) || later < 0 || later > INT64_MAX - c->date)
		return false;
	c->order = c->date + later;
	return true;
}

enum err
commit_parse(struct cx *cx, struct str s, struct commit *c)
{
	uint64_t	n, i;
	uint8_t		version;

	memset(c, 0, sizeof *c);
	digest_of(DIGEST_SHA256, s.p, s.n, c->id.b);
	if (!take_byte(&s, &version) || version < VERSION ||
	    version > COMMIT_VERSION ||
	    !take_bytes(&s, sizeof c->tree, c->tree.b) ||
	    !take_varint(&s, &n) || n > COMMIT_PARENTS)
		return record_damaged(cx, "commit");
	for (i = 0; i < n; i++)
		if (!take_bytes(&s, sizeof c->parents[i], c->parents[i].b))
			return record_damaged(cx, "commit");
	c->n_parents = n;
	if (!take_varint(&s, &c->generation) ||
	    !commit_take_time(&s, version, c) ||
	    !take_field(&s, &c->committer) || !take_field(&s, &c->message) ||
	    !take_pairs(cx->mem, &s, &c->meta, &c->n_meta))
		return record_damaged(cx, "commit");
	return OK;
}

void
headmove_format(struct buf *b, const struct headmove *m)
{
	buf_byte(b, VERSION);
	buf_varint(b, (uint64_t)m->time);
	buf_add(b, m->uid.b, sizeof m->uid);
	buf_add(b, m->old.b, sizeof m->old);
	buf_add(b, m->new.b, sizeof m->new);
	buf_field(b, m->who);
	buf_field(b, m->what);
}

enum err
headmove_parse(struct cx *cx, struct str s, struct headmove *m)
{
	if (!record_take_version(&s) || !take_time(&s, &m->time) ||
	    !take_bytes(&s, sizeof m->uid, m->uid.b) ||
	    !take_bytes(&s, sizeof m->old, m->old.b) ||
	    !take_bytes(&s, sizeof m->new, m->new.b) ||
	    !take_field(&s, &m->who) || !take_field(&s, &m->what))
		return record_damaged(cx, "head log");
	return OK;
}

void
upload_format(struct buf *b, const struct upload *u)
{
	struct buf	meta;

	buf_byte(b, VERSION);
	buf_add(b, u->uid.b, sizeof u->uid);
	buf_add(b, u->id.b, sizeof u->id);
	buf_field(b, u->path);
	buf_varint(b, (uint64_t)u->created);
	buf_varint(b, u->revision);
	buf_field(b, u->sum_kind);
	buf_byte(b, u->sum_composite);
	buf_byte(b, u->done);
	buf_field(b, u->done_list);
	buf_field(b, u->done_etag);
	buf_init(&meta, b->mem, b->cap);
	entry_format(&meta, &u->meta);
	buf_field(b, buf_as_str(&meta));
}

enum err
upload_parse(struct cx *cx, struct str s, struct upload *u)
{
	struct str	meta;

	memset(u, 0, sizeof *u);
	if (!record_take_version(&s) ||
	    !take_bytes(&s, sizeof u->uid, u->uid.b) ||
	    !take_bytes(&s, sizeof u->id, u->id.b) ||
	    !take_field(&s, &u->path) || !take_time(&s, &u->created) ||
	    !take_varint(&s, &u->revision) || !take_field(&s, &u->sum_kind) ||
	    !take_flag(&s, &u->sum_composite) || !take_flag(&s, &u->done) ||
	    !take_field(&s, &u->done_list) || !take_field(&s, &u->done_etag) ||
	    !take_field(&s, &meta))
		return record_damaged(cx, "upload");
	return entry_parse(cx, meta, &u->meta);
}
