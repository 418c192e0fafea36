/* Records whose owner is gone. */
#include "upkeep/orphans.h"

#include <stdlib.h>
#include <string.h>

#include "base/cx.h"
#include "lake/keys.h"
#include "upkeep/rows.h"

enum { SOME = 32768 };			/* ids that are looked for at once */

struct orphan_search {
	const struct orphans	*o;
	struct kv		*kv;
	struct uid		 id[SOME];	/* in order, as keys are */
	bool			 owned[SOME];
	size_t			 n;
};

static int
orphan_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uid));
}

static enum err
orphan_owner(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct orphan_search	*s = arg;
	struct uid		 id, *at;

	if (key.n <= sizeof id || !s->o->id(cx, key, value, &id))
		return OK;
	at = bsearch(&id, s->id, s->n, sizeof id, orphan_order);
	if (at != NULL)
		s->owned[at - s->id] = true;
	return OK;
}

static enum err
orphans_tell(struct cx *cx, struct orphan_search *s)
{
	enum err	e = OK;
	size_t		i;

	if (s->n > 0)
		e = rows_each(cx, s->kv, key_letter(cx, s->o->owner), false,
		    orphan_owner, s);
	for (i = 0; e == OK && i < s->n; i++)
		if (!s->owned[i])
			e = s->o->gone(cx, &s->id[i], s->o->arg);
	s->n = 0;
	return e;
}

static enum err
orphan_child(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct orphan_search	*s = arg;
	struct uid		 id;
	enum err		 e;

	(void)value;
	if (key.n <= sizeof id)
		return OK;		/* no such record */
	memcpy(id.b, key.p + 1, sizeof id);
	if (s->n > 0 && uid_is(&id, &s->id[s->n - 1]))
		return OK;
	if (s->n == SOME && (e = orphans_tell(cx, s)) != OK)
		return e;
	s->owned[s->n] = false;
	s->id[s->n++] = id;
	return OK;
}

enum err
orphans_each(struct cx *cx, struct kv *kv, const struct orphans *o)
{
	struct orphan_search	*s = calloc(1, sizeof *s);
	enum err		 e;

	if (s == NULL)
		abort();
	s->o = o;
	s->kv = kv;
	if ((e = rows_each(cx, kv, key_letter(cx, o->child), true,
	    orphan_child, s)) == OK)
		e = orphans_tell(cx, s);
	free(s);
	return e;
}

bool
orphans_upload_id(struct cx *cx, struct str key, struct str value,
    struct uid *out)
{
	(void)cx;
	(void)value;
	if (!key_is_whole(key))
		return false;
	memcpy(out->b, key.p + key.n - sizeof *out, sizeof *out);
	return true;
}
