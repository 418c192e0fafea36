/* Lists of branches and of tags. */
#include "engine/engine.h"

#include <string.h>

#include "base/buf.h"
#include "base/vec.h"
#include "engine/listing.h"
#include "engine/records.h"

struct ref_list {
	struct str		 repo;
	const struct list_query	*q;
	bool			 tags;		/* else branches */
	bool			 hidden;	/* branches that are, too */
	/* set anew by each run */
	struct list_fill	 fill;
	VEC(struct ref)		 found;
};

static enum err
ref_list_take(struct cx *cx, void *self, struct str key, struct str value)
{
	struct ref_list	*l = self;
	struct branch	 br = { .hidden = false };
	struct ref	 ref;
	enum err	 e;

	if (l->tags) {
		if (!take_bytes(&value, sizeof ref.commit, ref.commit.b))
			return fail(cx, E_CORRUPT, "tag record cannot be read");
	} else {
		if ((e = branch_parse(cx, value, &br)) != OK)
			return e;
		ref.commit = br.head;
	}
	if ((br.hidden && !l->hidden) || !list_takes(&l->fill, 0))
		return OK;
	ref.name = str_dup(cx->mem, str_from(key, 1 + sizeof(struct uid)));
	*VEC_PUSH(cx->mem, &l->found) = ref;
	return OK;
}

static enum err
ref_list_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct ref_list		*l = arg;
	struct str		 (*key)(struct cx *, const struct uid *,
	    struct str) = l->tags ? key_tag : key_branch;
	struct keys_range	 in;
	struct repo		 r;
	enum err		 e;

	memset(&l->found, 0, sizeof l->found);
	if ((e = repo_find(cx, tx, l->repo, &r)) != OK)
		return e;
	in = key_range(cx, key(cx, &r.ruid, l->q->prefix));
	if (l->q->after.n > 0)
		list_after(cx, &in, key(cx, &r.ruid, l->q->after));
	return list_records(cx, tx, &in, &l->fill, ref_list_take, l);
}

static enum err
ref_list(struct cx *cx, struct engine *eng, struct ref_list *l,
    struct ref_page *out)
{
	enum err	e;

	l->fill.limit = l->q->limit;
	e = kv_read(cx, eng->kv, ref_list_fn, l);
	*out = (struct ref_page){ l->found.at, l->found.n, l->fill.more };
	return e;
}

enum err
branch_list(struct cx *cx, struct engine *eng, struct str repo,
    const struct list_query *q, bool show_hidden, struct ref_page *out)
{
	struct ref_list	l = { .repo = repo, .q = q, .hidden = show_hidden };

	return ref_list(cx, eng, &l, out);
}

enum err
tag_list(struct cx *cx, struct engine *eng, struct str repo,
    const struct list_query *q, struct ref_page *out)
{
	struct ref_list	l = { .repo = repo, .q = q, .tags = true };

	return ref_list(cx, eng, &l, out);
}
