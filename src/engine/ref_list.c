/* Lists of branches and of tags. */
#include "engine/engine.h"

#include "base/buf.h"
#include "base/vec.h"
#include "engine/engine_inside.h"
#include "engine/records.h"
#include "lake/keys.h"

struct names_args {
	struct str		 repo;
	const struct list_query	*q;
	bool			 tags, hidden;
	struct ref_page		*out;
};

static enum err
names_item(struct cx *cx, const struct names_args *a, struct str name,
    struct str v, struct ref *out, bool *wanted)
{
	struct branch	br;
	enum err	e;

	*wanted = true;
	out->name = str_dup(cx->mem, name);
	if (a->tags)
		return take_bytes(&v, sizeof out->commit, out->commit.b) ? OK :
		    fail(cx, E_CORRUPT, "tag record cannot be read");
	if ((e = branch_parse(cx, v, &br)) != OK)
		return e;
	out->commit = br.head;
	*wanted = !br.hidden || a->hidden;
	return OK;
}

static enum err
names_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct names_args	*a = arg;
	struct str		 (*key)(struct cx *, const struct uid *,
	    struct str) = a->tags ? key_tag : key_branch;
	VEC(struct ref)		 found = { 0 };
	struct kv_cursor	*cur;
	struct range		 in;
	struct repo		 r;
	struct ref		 item;
	struct str		 k, v;
	enum err		 e;
	bool			 there, wanted;

	a->out->more = false;
	if ((e = repo_find(cx, tx, a->repo, &r)) != OK)
		return e;
	in = key_range(cx, key(cx, &r.ruid, a->q->prefix));
	k = key(cx, &r.ruid, a->q->after);
	if (a->q->after.n > 0 && str_cmp(k, in.lo) >= 0)
		in.lo = str_after(cx->mem, k);
	if ((e = kv_scan(cx, tx, in.lo, in.hi, &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there) {
		if ((e = names_item(cx, a, str_from(k, 1 + sizeof(struct uid)),
		    v, &item, &wanted)) != OK)
			return e;
		if (!wanted)
			continue;
		if (found.n == a->q->limit) {
			a->out->more = true;
			break;
		}
		*VEC_PUSH(cx->mem, &found) = item;
	}
	a->out->at = found.at;
	a->out->n = found.n;
	return e;
}

enum err
branch_list(struct cx *cx, struct engine *eng, struct str repo,
    const struct list_query *q, bool show_hidden, struct ref_page *out)
{
	struct names_args	a = { repo, q, false, show_hidden, out };

	return kv_read(cx, eng->kv, names_fn, &a);
}

enum err
tag_list(struct cx *cx, struct engine *eng, struct str repo,
    const struct list_query *q, struct ref_page *out)
{
	struct names_args	a = { repo, q, true, true, out };

	return kv_read(cx, eng->kv, names_fn, &a);
}
