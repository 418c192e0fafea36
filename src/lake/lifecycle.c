/* Lifecycle rules.  [S3 PutBucketLifecycleConfiguration] */
#include "lake/lifecycle.h"

#include "base/buf.h"
#include "base/cx.h"
#include "base/limit.h"
#include "base/vec.h"
#include "base/xml.h"

#define DAY_MS	((int64_t)24 * 3600 * 1000)

struct lifecycle_vec {
	VEC(struct lifecycle_rule)	v;
};

/* What a rule has said of itself so far. */
struct lifecycle_said {
	struct str	status, days;	/* p NULL: nothing */
	bool		has_prefix;
};

static enum err
lifecycle_other(struct cx *cx)
{
	return fail(cx, E_NOT_IMPLEMENTED, "A lifecycle rule says "
	    "AbortIncompleteMultipartUpload here, for all keys or by a Prefix, "
	    "and nothing else: what is committed stays.");
}

/* <Filter>: nothing, or a <Prefix>. */
static enum err
lifecycle_filter(struct cx *cx, struct xml *x, struct lifecycle_rule *r)
{
	enum err	e;
	bool		there;

	r->in_filter = true;
	while ((e = xml_next(cx, x, 2, &there)) == OK && there) {
		if (!xml_is(x, "Prefix"))
			return lifecycle_other(cx);
		if ((e = xml_text(cx, x, &r->prefix)) != OK)
			return e;
	}
	return e;
}

static enum err
lifecycle_element(struct cx *cx, struct xml *x, struct lifecycle_rule *r,
    struct lifecycle_said *said)
{
	const struct xml_field	abort[] = {
		{ "DaysAfterInitiation", &said->days },
	};

	if (xml_is(x, "ID"))
		return xml_text(cx, x, &r->id);
	if (xml_is(x, "Status"))
		return xml_text(cx, x, &said->status);
	if (xml_is(x, "AbortIncompleteMultipartUpload"))
		return xml_fields(cx, x, 2, abort, 1);
	if (xml_is(x, "Filter"))
		return lifecycle_filter(cx, x, r);
	if (!xml_is(x, "Prefix"))
		return lifecycle_other(cx);
	said->has_prefix = true;
	return xml_text(cx, x, &r->prefix);
}

static enum err
lifecycle_rule(struct cx *cx, struct xml *x, struct lifecycle_rule *r)
{
	struct lifecycle_said	said = { .has_prefix = false };
	enum err		e;
	bool			there;

	while ((e = xml_next(cx, x, 1, &there)) == OK && there)
		if ((e = lifecycle_element(cx, x, r, &said)) != OK)
			return e;
	if (e != OK)
		return e;
	r->enabled = str_is(said.status, STR("Enabled"));
	if ((!r->enabled && !str_is(said.status, STR("Disabled"))) ||
	    said.has_prefix == r->in_filter || r->id.n > LIMIT_LIFECYCLE_ID ||
	    r->prefix.n > LIMIT_PATH || said.days.p == NULL)
		return fail(cx, E_BAD_XML, "A <Rule> needs a <Status>, Enabled "
		    "or Disabled, a <Filter> or a <Prefix>, and "
		    "<AbortIncompleteMultipartUpload>; its <ID> may have %d "
		    "bytes.", LIMIT_LIFECYCLE_ID);
	if (!str_u64(str_trim(said.days), INT32_MAX, &r->days) ||
	    r->days == 0)
		return fail(cx, E_BAD_ARGUMENT, "'DaysAfterInitiation' for "
		    "AbortIncompleteMultipartUpload action must be a positive "
		    "integer");
	return OK;
}

/* Each rule has an id of its own; S3 gives one to who has none. */
static enum err
lifecycle_ids(struct cx *cx, struct lifecycle_rule *rules, size_t n)
{
	size_t	i, k;

	for (i = 0; i < n; i++)
		if (rules[i].id.n == 0)
			rules[i].id = str_printf(cx->mem, "rule-%zu", i + 1);
	for (i = 0; i < n; i++)
		for (k = 0; k < i; k++)
			if (str_is(rules[i].id, rules[k].id))
				return fail(cx, E_BAD_ARGUMENT, "Rule ID must "
				    "be unique. Found same ID for more than "
				    "one rule: %.*s", STRF(rules[i].id));
	return OK;
}

enum err
lifecycle_read(struct cx *cx, struct xml *x, struct lifecycle *out)
{
	struct lifecycle_vec	all = { .v = { 0 } };
	enum err		e;
	bool			there;

	while ((e = xml_next(cx, x, 0, &there)) == OK && there) {
		if (!xml_is(x, "Rule"))
			return lifecycle_other(cx);
		if (all.v.n == LIMIT_LIFECYCLE_RULES)
			return fail(cx, E_BAD_XML, "1 to %d <Rule>",
			    LIMIT_LIFECYCLE_RULES);
		if ((e = lifecycle_rule(cx, x, VEC_PUSH(cx->mem,
		    &all.v))) != OK)
			return e;
	}
	if (e != OK || (e = xml_close(cx, x)) != OK)
		return e;
	*out = (struct lifecycle){ all.v.at, all.v.n };
	return all.v.n > 0 ? lifecycle_ids(cx, all.v.at, all.v.n) :
	    fail(cx, E_BAD_XML, "1 to %d <Rule>", LIMIT_LIFECYCLE_RULES);
}

void
lifecycle_put(struct buf *b, const struct lifecycle *l)
{
	const struct lifecycle_rule	*r;

	for (r = l->rules; r < l->rules + l->n; r++) {
		buf_z(b, "<Rule>");
		xml_put(b, "ID", r->id);
		if (r->in_filter)
			buf_z(b, "<Filter>");
		xml_put(b, "Prefix", r->prefix);
		if (r->in_filter)
			buf_z(b, "</Filter>");
		xml_put(b, "Status", r->enabled ? STR("Enabled") :
		    STR("Disabled"));
		buf_z(b, "<AbortIncompleteMultipartUpload>");
		xml_put_u64(b, "DaysAfterInitiation", r->days);
		buf_z(b, "</AbortIncompleteMultipartUpload></Rule>");
	}
}

/* Does the key <branch>/<path> begin so? */
static bool
lifecycle_fits(struct str prefix, struct str branch, struct str path)
{
	if (prefix.n <= branch.n)
		return str_starts(branch, prefix);
	return str_take(&prefix, branch) && str_take(&prefix, STR("/")) &&
	    str_starts(path, prefix);
}

bool
lifecycle_age(const struct lifecycle *l, struct str branch, struct str path,
    int64_t *ms)
{
	const struct lifecycle_rule	*r;
	bool				 found = false;
	int64_t				 age;

	for (r = l->rules; r < l->rules + l->n; r++) {
		age = (int64_t)r->days * DAY_MS;
		if (!r->enabled || !lifecycle_fits(r->prefix, branch, path) ||
		    (found && age >= *ms))
			continue;
		*ms = age;
		found = true;
	}
	return found;
}
