/* A lake of an older format gets what this one has more: DESIGN 10. */
#include "engine/engine.h"

#include <string.h>

#include "base/cx.h"
#include "engine/namespace.h"
#include "kv/kv.h"
#include "lake/keys.h"

enum { SLICE = 256 };		/* repositories whose memory is kept */

struct upgrade {
	char		 from[KEYS_LONGEST];	/* the next key */
	size_t		 n;
	uint64_t	*repositories;
	bool		 more;
};

static enum err
upgrade_repo(struct cx *cx, struct kv_tx *tx, struct str key, struct str value)
{
	struct repo	r;
	enum err	e;

	if ((e = repo_parse(cx, value, &r)) != OK)
		return e;
	r.name = str_from(key, 1);
	return namespace_put(cx, tx, &r);
}

static enum err
upgrade_slice(struct cx *cx, struct kv_tx *tx, struct upgrade *u)
{
	struct str		 lo = { u->from, u->n }, k, v;
	struct kv_cursor	*cur;
	unsigned		 i;
	enum err		 e;

	if ((e = kv_scan(cx, tx, lo, key_end(cx, key_letter(cx, 'R')),
	    &cur)) != OK)
		return e;
	for (i = 0;; i++) {
		if ((e = kv_next(cx, tx, cur, &k, &v, &u->more)) != OK ||
		    !u->more)
			return e;
		if (i == SLICE)
			break;
		if ((e = upgrade_repo(cx, tx, k, v)) != OK)
			return e;
		(*u->repositories)++;
	}
	memcpy(u->from, k.p, k.n);
	u->n = k.n;
	kv_cursor_close(tx, cur);
	return OK;
}

enum err
upgrade_records(struct cx *cx, struct kv_tx *tx, void *repositories)
{
	struct upgrade		u = { .from = "R", .n = 1,
	    .repositories = repositories };
	struct arena_mark	back = arena_mark(cx->mem);
	enum err		e;

	*u.repositories = 0;
	do {
		e = upgrade_slice(cx, tx, &u);
		if (e == OK && u.more)
			arena_back(cx->mem, back);
	} while (e == OK && u.more);
	return e;
}
