/* Diffs: of two refs, and of a branch and what is not committed there. */
#include "api/api_call.h"

/* A group is always "prefix_changed", whatever changed below it, and has no
 * size.  What was removed has its old size and record, which lakeFS tells in
 * diffs of refs alone.  [lakeFS diffRefs, diffBranch] */
static void
put_diff(struct json_out *j, const struct diff_item *it, bool right)
{
	static const char *const	names[] = {
		[CHANGE_ADDED] = "added", [CHANGE_REMOVED] = "removed",
		[CHANGE_CHANGED] = "changed", [CHANGE_CONFLICT] = "conflict",
		[CHANGE_PREFIX] = "prefix_changed" };
	bool				group = it->type == CHANGE_PREFIX;

	json_open(j, NULL, '{');
	json_put_str(j, "type", str_of(names[it->type]));
	json_put_str(j, "path", it->path);
	json_put_str(j, "path_type", group ? STR("common_prefix") :
	    STR("object"));
	if (!group)
		json_put_int(j, "size_bytes", (int64_t)it->en.size);
	if (!group && right) {
		json_open(j, "right", '{');
		json_put_str(j, "checksum", it->en.etag);
		json_put_int(j, "mtime", it->en.mtime / 1000);
		json_put_str(j, "content_type", it->en.content_type);
		json_put_map(j, "metadata", it->en.meta, it->en.n_meta);
		json_close(j, '}');
	}
	json_close(j, '}');
}

static enum err
answer_diff(struct cx *cx, struct api_call *c, const struct diff_page *page,
    bool right)
{
	struct json_out	j;
	size_t		i;

	j = api_begin_list(cx);
	for (i = 0; i < page->n; i++)
		put_diff(&j, &page->at[i], right);
	api_answer_list(c, &j, page->n > 0 ? page->at[page->n - 1].path :
	    STR(""), page->more, page->n);
	return OK;
}

/* What is not committed yet, against the branch's head.  [lakeFS diffBranch] */
enum err
api_diff_branch(struct cx *cx, struct api_call *c)
{
	struct list_query	q;
	struct diff_page	page;
	enum err		e;

	if ((e = api_take_page(cx, c, &q)) != OK ||
	    (e = diff_uncommitted(cx, c->eng, c->repo, c->ref,
	    &q, &page)) != OK)
		return e;
	return answer_diff(cx, c, &page, false);
}

/*
 * The left ref is the destination, the right one the source: three_dot is what
 * merging it would bring, two_dot what tells the two apart.  [lakeFS diffRefs]
 */
enum err
api_diff_refs(struct cx *cx, struct api_call *c)
{
	struct str		type = request_param(c->req, "type");
	struct list_query	q;
	struct diff_page	page;
	struct diff_sides	sides = { c->ref, c->to, DIFF_THREE_DOT };
	enum err		e;
	bool			right = false;

	if (str_is(type, STR("two_dot")))
		sides.kind = DIFF_TWO_DOT;
	else if (type.n > 0 && !str_is(type, STR("three_dot")))
		return fail(cx, E_BAD_REQUEST, "parameter \"type\" must be "
		    "two_dot or three_dot");
	if ((e = api_take_page(cx, c, &q)) != OK ||
	    (e = api_take_bool(cx, c, "include_right_stats", &right)) != OK ||
	    (e = diff_refs(cx, c->eng, c->repo, &sides, &q, &page)) != OK)
		return e;
	return answer_diff(cx, c, &page, right);
}
