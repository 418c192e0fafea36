/* Commits and their log. */
#include "api/api_call.h"

#include "base/fault.h"
#include "base/vec.h"
#include "base/when.h"
#include "lake/frontier.h"
#include "lake/target.h"

static enum err
answer_commit(struct cx *cx, struct api_call *c, int status,
    const struct commit *commit)
{
	struct json_out	j;

	j = api_begin(cx);
	api_put_commit(&j, NULL, commit);
	api_answer(c, status, &j);
	return OK;
}

/* Seconds since 1970; 0 is a time as well.  None is told beyond the year
 * 9999, which no form of a date can write. */
static enum err
take_date(struct cx *cx, struct json in, struct commit_opts *opt)
{
	enum err	e;

	if ((e = json_get_int(cx, in, "date", &opt->date)) != OK)
		return e;
	opt->has_date = json_has(in, "date");
	if (opt->date < 0 || (opt->date > (int64_t)LIMIT_DATE &&
	    !fault_skip("COMMIT_DATE")))
		return fail(cx, E_BAD_ARGUMENT, "date is in seconds since "
		    "1970, from 0 to %lld", (long long)LIMIT_DATE);
	opt->date *= 1000;
	return OK;
}

/* The message may be empty.  Without changes it is 400, in words that clients
 * look for.  [lakeFS commit] */
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
	    (e = take_date(cx, in, &opt)) != OK ||
	    (e = json_get_bool(cx, in, "allow_empty",
	    &opt.allow_empty)) != OK ||
	    (e = json_get_bool(cx, in, "force", &opt.force)) != OK)
		return e;
	if ((e = commit_create(cx, c->eng, c->repo, c->ref, &opt,
	    &commit)) != OK)
		return e;
	return answer_commit(cx, c, 201, &commit);
}

/* Any ref expression, whatever the path calls it.  [lakeFS getCommit] */
enum err
api_get_commit(struct cx *cx, struct api_call *c)
{
	struct commit	commit;
	enum err	e;

	e = ref_commit(cx, c->eng, c->repo, c->ref, &commit);
	if (e == E_NO_SUCH_REF)
		return fail(cx, e, "commit not found: %s", str_z(cx->mem,
		    str_of(cx->words)));
	if (e != OK)
		return e;
	return answer_commit(cx, c, 200, &commit);
}

/* Every path of a parameter that may be given several times; an empty one is
 * none. */
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

/* Commits that touch one of the paths or one of the prefixes: lakectl asks for
 * one file as a prefix.  stop_at is the last commit that is shown; an empty one
 * is none.  [lakeFS logCommits] */
static enum err
take_log(struct cx *cx, struct api_call *c, struct commit_log_query *q)
{
	struct str	since = request_param(c->req, "since");
	int64_t		ms;
	enum err	e;

	*q = (struct commit_log_query){ .ref = c->ref,
	    .after = request_param(c->req, "after"),
	    .stop_at = request_param(c->req, "stop_at") };
	if ((e = api_take_amount(cx, c, &q->amount)) != OK ||
	    (!frontier_is(q->after) &&
	    (e = target_ref(cx, q->after)) != OK) ||
	    (e = api_take_bool(cx, c, "first_parent",
	    &q->first_parent)) != OK ||
	    (e = api_take_bool(cx, c, "limit", &q->limit)) != OK)
		return e;
	if ((e = target_ref(cx, q->stop_at)) != OK ||
	    (e = take_all(cx, c, "objects", &q->paths, &q->n_paths)) != OK ||
	    (e = take_all(cx, c, "prefixes", &q->prefixes,
	    &q->n_prefixes)) != OK)
		return e;
	if (since.n == 0)
		return OK;
	if (!when_rfc3339_parse(since, &ms))
		return fail(cx, E_BAD_REQUEST, "parameter \"since\" must be a "
		    "time like 2026-01-31T12:00:00Z or "
		    "2026-01-31T12:00:00.5+01:00");
	q->since = ms > 0 ? ms : 0;
	return OK;
}

enum err
api_log_commits(struct cx *cx, struct api_call *c)
{
	struct commit_page	page;
	struct commit_log_query	q;
	struct json_out		j;
	size_t			i;
	enum err		e;

	if ((e = take_log(cx, c, &q)) != OK ||
	    (e = commit_log(cx, c->eng, c->repo, &q, &page)) != OK)
		return e;
	j = api_begin_list(cx);
	for (i = 0; i < page.n; i++)
		api_put_commit(&j, NULL, &page.at[i]);
	api_answer_list(c, &j, page.next, page.more, page.n);
	return OK;
}
