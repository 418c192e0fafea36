/* Where a walk through history goes on: a colon and an id for each commit. */
#include "lake/frontier.h"

#include "base/buf.h"
#include "base/cx.h"
#include "base/fault.h"
#include "lake/names.h"

enum { FRONTIER_ID = 2 * sizeof(struct oid), FRONTIER_STEP = 1 + FRONTIER_ID };

bool
frontier_is(struct str text)
{
	return str_starts(text, STR(":"));
}

struct str
frontier_format(struct cx *cx, const struct frontier *f)
{
	struct buf	b;
	size_t		i;

	buf_init(&b, cx->mem, FRONTIER_STEP * LIMIT_FRONTIER);
	for (i = 0; i < f->n; i++) {
		buf_byte(&b, ':');
		buf_z(&b, oid_hex(&f->at[i]).z);
	}
	return buf_as_str(&b);
}

static bool
frontier_has(const struct frontier *f, const struct oid *id)
{
	size_t	i;

	for (i = 0; i < f->n; i++)
		if (oid_is(&f->at[i], id))
			return true;
	return false;
}

enum err
frontier_parse(struct cx *cx, struct str text, struct frontier *f)
{
	struct str	id;
	bool		ok;

	f->n = 0;
	ok = text.n > 0 && text.n % FRONTIER_STEP == 0 &&
	    text.n / FRONTIER_STEP <= LIMIT_FRONTIER;
	while (ok && text.n > 0) {
		id = str_to(str_from(text, 1), FRONTIER_ID);
		ok = text.p[0] == ':' && name_is_commit_id(id) &&
		    oid_parse(id, &f->at[f->n]) &&
		    (fault_skip("FRONTIER_TWICE") ||
		    !frontier_has(f, &f->at[f->n]));
		f->n++;
		text = str_from(text, FRONTIER_STEP);
	}
	return ok ? OK : fail(cx, E_BAD_REQUEST, "parameter \"after\" begins "
	    "as next_offset of a page of a log does, and is none: begin "
	    "without it");
}
