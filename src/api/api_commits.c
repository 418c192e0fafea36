/* Commits, log, diff and merge. */
#include "api/api_call.h"

#include "base/vec.h"
#include "base/when.h"
#include "lake/target.h"

static enum err
answer_commit(struct cx *cx, struct api_call *c, int status,
    const struct commit *commit)
{
	struct json_out	j;
	struct buf	b;

	j = api_begin(cx, &b);
	api_put_commit(&j, NULL, commit);
	api_answer(c, status, &b);
	return OK;
}

enum err
api_commit(struct cx *cx, struct api_call *c)
{
	struct commit_opts	opt = { .committer = c->who.user };
	struct commit		commit;
	struct json		in;
	enum err		e;

	if (request_param(c->req, "source_metarange").n > 0)
		return fail(cx, E_NOT_IMPLEMENTED, "source_metarange is not "
		    "implemented");
	if ((e = api_take_json(cx, c, LIMIT_BODY, false, &in)) != OK ||
	    (e = json_need_str(cx, in, "message", &opt.message)) != OK ||
	    (e = json_get_map(cx, in, "metadata", &opt.meta,
	    &opt.n_meta)) != OK ||
	    (e = json_get_int(cx, in, "date", &opt.date)) != OK ||
	    (e = json_get_bool(cx, in, "allow_empty",
	    &opt.allow_empty)) != OK ||
	    (e = json_get_bool(cx, in, "force", &opt.force)) != OK)
		return e;
	if (opt.date < 0)
		return fail(cx, E_BAD_ARGUMENT, "date must not be before "
		    "1970");
	if ((e = commit_create(cx, c->eng, c->arg[0], c->arg[1], &opt,
	    &commit)) != OK)
		return e;
	return answer_commit(cx, c, 201, &commit);
}

enum err
api_get_commit(struct cx *cx, struct api_call *c)
{
	struct commit	commit;
	enum err	e;

	if ((e = ref_commit(cx, c->eng, c->arg[0], c->arg[1], &commit)) != OK)
		return e;
	return answer_commit(cx, c, 200, &commit);
}

/* Every path of a parameter that may be given several times. */
static enum err
take_all(struct cx *cx, const struct api_call *c, const char *name,
    struct str **out, size_t *n)
{
	const struct pair	*q;
	VEC(struct str)		 all = { 0 };
	size_t			 i;
	enum err		 e;

	for (i = 0; i < c->req->n_query; i++) {
		q = &c->req->query[i];
		if (!str_is(q->name, str_of(name)) || q->value.n == 0)
			continue;
		if ((e = target_path(cx, q->value)) != OK)
			return e;
		*VEC_PUSH(cx->mem, &all) = q->value;
	}
	*out = all.at;
	*n = all.n;
	return OK;
}

static enum err
take_log(struct cx *cx, struct api_call *c, struct log_query *q)
{
	struct str		since = request_param(c->req, "since");
	struct list_query	page;
	int64_t			ms;
	enum err		e;

	*q = (struct log_query){ .ref = c->arg[1] };
	if ((e = api_take_page(cx, c, &page)) != OK ||
	    (e = api_take_bool(cx, c, "first_parent",
	    &q->first_parent)) != OK ||
	    (e = api_take_bool(cx, c, "limit", &q->limit)) != OK)
		return e;
	q->after = page.after;
	q->amount = page.limit;
	q->stop_at = request_param(c->req, "stop_at");
	if ((e = target_ref(cx, q->stop_at)) != OK ||
	    (e = take_all(cx, c, "objects", &q->paths, &q->n_paths)) != OK ||
	    (e = take_all(cx, c, "prefixes", &q->prefixes,
	    &q->n_prefixes)) != OK)
		return e;
	if (since.n == 0)
		return OK;
	if (!when_iso_parse(since, &ms))
		return fail(cx, E_BAD_REQUEST, "parameter \"since\" must be a "
		    "time like 2026-01-31T12:00:00Z");
	q->since = ms / 1000;
	return OK;
}

enum err
api_log_commits(struct cx *cx, struct api_call *c)
{
	struct commit_page	page;
	struct log_query	q;
	struct json_out		j;
	struct oid_hex		last = { "" };
	struct buf		b;
	size_t			i;
	enum err		e;

	if ((e = take_log(cx, c, &q)) != OK ||
	    (e = commit_log(cx, c->eng, c->arg[0], &q, &page)) != OK)
		return e;
	j = api_begin(cx, &b);
	json_open(&j, NULL, '{');
	json_open(&j, "results", '[');
	for (i = 0; i < page.n; i++)
		api_put_commit(&j, NULL, &page.at[i]);
	json_close(&j, ']');
	if (page.n > 0)
		last = oid_hex(&page.at[page.n - 1].id);
	api_put_page(&j, str_of(last.z), page.more, page.n);
	json_close(&j, '}');
	api_answer(c, 200, &b);
	return OK;
}

static void
put_diff(struct json_out *j, const struct diff_item *it, bool right)
{
	static const char *const	names[] = { "added", "removed",
	    "changed", "conflict", "prefix_changed" };
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
	struct buf	b;
	size_t		i;

	j = api_begin(cx, &b);
	json_open(&j, NULL, '{');
	json_open(&j, "results", '[');
	for (i = 0; i < page->n; i++)
		put_diff(&j, &page->at[i], right);
	json_close(&j, ']');
	api_put_page(&j, page->n > 0 ? page->at[page->n - 1].path : STR(""),
	    page->more, page->n);
	json_close(&j, '}');
	api_answer(c, 200, &b);
	return OK;
}

enum err
api_diff_branch(struct cx *cx, struct api_call *c)
{
	struct list_query	q;
	struct diff_page	page;
	enum err		e;

	if ((e = api_take_page(cx, c, &q)) != OK ||
	    (e = diff_uncommitted(cx, c->eng, c->arg[0], c->arg[1],
	    &q, &page)) != OK)
		return e;
	return answer_diff(cx, c, &page, false);
}

enum err
api_diff_refs(struct cx *cx, struct api_call *c)
{
	struct str		type = request_param(c->req, "type");
	struct list_query	q;
	struct diff_page	page;
	enum diff_kind		kind = DIFF_THREE_DOT;
	enum err		e;
	bool			right = false;

	if (str_is(type, STR("two_dot")))
		kind = DIFF_TWO_DOT;
	else if (type.n > 0 && !str_is(type, STR("three_dot")))
		return fail(cx, E_BAD_REQUEST, "parameter \"type\" must be "
		    "two_dot or three_dot");
	if ((e = api_take_page(cx, c, &q)) != OK ||
	    (e = api_take_bool(cx, c, "include_right_stats", &right)) != OK ||
	    (e = diff_refs(cx, c->eng, c->arg[0], c->arg[1],
	    c->arg[2], kind, &q, &page)) != OK)
		return e;
	return answer_diff(cx, c, &page, right);
}

static enum err
take_strategy(struct cx *cx, struct json in, enum strategy *out,
    const char **name)
{
	struct str	s = STR("");
	enum err	e;

	if ((e = json_get_str(cx, in, "strategy", &s)) != OK)
		return e;
	*out = STRATEGY_NONE;
	*name = "default";
	if (str_is(s, STR("source-wins"))) {
		*out = STRATEGY_SOURCE;
		*name = "source-wins";
	} else if (str_is(s, STR("dest-wins"))) {
		*out = STRATEGY_DEST;
		*name = "dest-wins";
	} else if (s.n > 0)
		return fail(cx, E_BAD_ARGUMENT, "strategy must be source-wins "
		    "or dest-wins");
	return OK;
}

enum err
api_merge_into_branch(struct cx *cx, struct api_call *c)
{
	struct merge_opts	opt = { .commit = {
	    .committer = c->who.user } };
	struct commit_opts	*co = &opt.commit;
	struct oid_hex		hex;
	struct commit		commit;
	struct json		in;
	struct json_out		j;
	struct pair		*meta;
	struct buf		b;
	const char		*strategy;
	size_t			i;
	enum err		e;

	if ((e = api_take_json(cx, c, LIMIT_BODY, true, &in)) != OK ||
	    (e = json_get_str(cx, in, "message", &co->message)) != OK ||
	    (e = json_get_map(cx, in, "metadata", &co->meta,
	    &co->n_meta)) != OK ||
	    (e = take_strategy(cx, in, &opt.strategy, &strategy)) != OK ||
	    (e = json_get_bool(cx, in, "force", &co->force)) != OK ||
	    (e = json_get_bool(cx, in, "allow_empty",
	    &co->allow_empty)) != OK ||
	    (e = json_get_bool(cx, in, "squash_merge", &opt.squash)) != OK)
		return e;
	if (co->message.n == 0)
		co->message = str_printf(cx->mem, "Merge '%.*s' into '%.*s'",
		    STRF(c->arg[1]), STRF(c->arg[2]));
	meta = arena_get(cx->mem, (co->n_meta + 1) * sizeof *meta);
	for (i = 0; i < co->n_meta; i++)
		meta[i] = co->meta[i];
	meta[co->n_meta++] = (struct pair){ STR(".lakefs.merge.strategy"),
	    str_of(strategy) };
	co->meta = meta;
	if ((e = branch_merge(cx, c->eng, c->arg[0], c->arg[1],
	    c->arg[2], &opt, &commit)) != OK)
		return e;
	hex = oid_hex(&commit.id);
	j = api_begin(cx, &b);
	json_open(&j, NULL, '{');
	json_put_str(&j, "reference", str_of(hex.z));
	json_close(&j, '}');
	api_answer(c, 200, &b);
	return OK;
}

enum err
api_find_merge_base(struct cx *cx, struct api_call *c)
{
	struct commit	src, dst, base;
	struct oid_hex	hex = { "" };
	struct json_out	j;
	struct buf	b;
	enum err	e;
	bool		found;

	if ((e = merge_base(cx, c->eng, c->arg[0], c->arg[1],
	    c->arg[2], &src, &dst, &base, &found)) != OK)
		return e;
	j = api_begin(cx, &b);
	json_open(&j, NULL, '{');
	if (found)
		hex = oid_hex(&base.id);
	json_put_str(&j, "base_commit_id", str_of(hex.z));
	hex = oid_hex(&src.id);
	json_put_str(&j, "source_commit_id", str_of(hex.z));
	hex = oid_hex(&dst.id);
	json_put_str(&j, "destination_commit_id", str_of(hex.z));
	json_close(&j, '}');
	api_answer(c, 200, &b);
	return OK;
}
