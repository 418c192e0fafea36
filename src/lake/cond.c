/* Conditions on an object. */
#include "lake/cond.h"

#include "base/cx.h"
#include "lake/entry.h"

bool
cond_is_empty(const struct cond *c)
{
	return c->if_match.p == NULL && c->if_none_match.p == NULL &&
	    c->modified_since == 0 && c->unmodified_since == 0 &&
	    c->mtime == 0 && !c->has_size;
}

/* One member of an ETag list: W/ and quotes off; weak compares as strong. */
static struct str
bare(struct str tag)
{
	tag = str_trim(tag);
	str_take(&tag, STR("W/"));
	if (tag.n >= 2 && tag.p[0] == '"' && tag.p[tag.n - 1] == '"')
		tag = (struct str){ tag.p + 1, tag.n - 2 };
	return tag;
}

static bool
listed(struct str list, struct str etag)
{
	struct str	tag;

	while (str_split(&list, ',', &tag)) {
		tag = bare(tag);
		if (str_is(tag, STR("*")) || str_is(tag, etag))
			return true;
	}
	return false;
}

static enum err
cond_refuse(struct cx *cx, const char *which)
{
	return fail(cx, E_PRECONDITION, "At least one of the pre-conditions "
	    "you specified did not hold: %s", which);
}

/* Dates compare in whole seconds, as they travel. */
static int64_t
cond_seconds(int64_t ms)
{
	return ms / 1000;
}

enum err
cond_check(struct cx *cx, const struct cond *c, enum cond_use use,
    const struct entry *en)
{
	bool	found;

	if (en == NULL) {
		if (c->if_match.p != NULL || c->mtime != 0 || c->has_size)
			return fail(cx, E_NO_SUCH_OBJECT, "the object that "
			    "the condition asks for is not there");
		return OK;
	}
	if (c->if_match.p != NULL && !listed(c->if_match, en->etag))
		return cond_refuse(cx, "If-Match");
	/* If-Match that holds overrides it.  [RFC 9110 13.2.2] */
	if (c->if_match.p == NULL && c->unmodified_since != 0 &&
	    cond_seconds(en->mtime) > cond_seconds(c->unmodified_since))
		return cond_refuse(cx, "If-Unmodified-Since");
	if (c->mtime != 0 && cond_seconds(en->mtime) != cond_seconds(c->mtime))
		return cond_refuse(cx, "x-amz-if-match-last-modified-time");
	if (c->has_size && en->size != c->size)
		return cond_refuse(cx, "x-amz-if-match-size");
	if (c->if_none_match.p != NULL) {
		found = listed(c->if_none_match, en->etag);
		if (found && use == COND_READ)
			return fail(cx, E_NOT_MODIFIED, "not modified");
		return found ? cond_refuse(cx, "If-None-Match") : OK;
	}
	if (c->modified_since != 0 &&
	    cond_seconds(en->mtime) <= cond_seconds(c->modified_since)) {
		if (use == COND_READ)
			return fail(cx, E_NOT_MODIFIED, "not modified");
		return cond_refuse(cx, "If-Modified-Since");
	}
	return OK;
}
