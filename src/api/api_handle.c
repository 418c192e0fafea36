/* One request of the API: route, who asks, operation, answer. */
#include "api/api_call.h"

#include "lake/names.h"
#include "lake/target.h"

/* Repository and refs that the path names. */
static void
name(struct api_call *c)
{
	if (!str_starts(str_of(c->row->path), STR("/repositories/")))
		return;
	c->repo = c->arg[0];
	c->ref = c->arg[1];
	c->to = c->arg[2];
}

/* They pass the gate: names of a whole request are looked at before any. */
static enum err
handle_names_check(struct cx *cx, const struct api_call *c)
{
	struct target	at;
	enum err	e;

	if (c->repo.n == 0)
		return OK;
	if ((e = target_make(cx, c->repo, c->ref, STR(""), &at)) != OK ||
	    (e = target_ref(cx, c->to)) != OK)
		return e;
	/* What can be no branch is 400, what is none 404.  [lakeFS] */
	if (str_starts(str_of(c->row->path),
	    STR("/repositories/{}/branches/{}")))
		return name_check_branch(cx, c->ref);
	return c->row->run == api_merge_into_branch ?
	    name_check_branch(cx, c->to) : OK;
}

static enum err
api_run(struct cx *cx, struct api_call *c, struct request_note *note)
{
	enum err	e;

	if ((e = api_route(cx, c)) != OK)
		return e;
	name(c);
	note->operation = c->row->called;
	note->repo = c->repo;
	note->ref = c->ref;
	if (c->repo.n > 0)
		note->path = request_param(c->req, "path");
	if ((c->row->needs & F_OPEN) == 0 &&
	    (e = auth_verify_api(cx, c->auth, c->req, &c->who)) != OK)
		return e;
	note->user = c->who.user;
	if (c->row->run == NULL)
		return fail(cx, E_NOT_IMPLEMENTED, "%s is not implemented",
		    c->row->called);
	if ((e = handle_names_check(cx, c)) != OK)
		return e;
	return c->row->run(cx, c);
}

/* A message; of a conflict the reference of a merge as well, which is empty:
 * its 409 has the shape of its 200.  [lakeFS mergeIntoBranch] */
static void
render_error(struct cx *cx, struct api_call *c)
{
	struct json_out	j;
	int		status = api_error_status(cx->code);

	j = api_begin(cx);
	json_open(&j, NULL, '{');
	if (cx->code == E_CONFLICT)
		json_put_str(&j, "reference", STR(""));
	json_put_str(&j, "message", status == 500 ? str_printf(cx->mem,
	    "internal error: %s", cx_public(cx)) : str_of(cx_public(cx)));
	json_close(&j, '}');
	if (status == 503)
		response_header(c->res, "Retry-After", STR("1"));
	if (status == 429)
		response_header(c->res, "Retry-After", str_printf(cx->mem,
		    "%d", LIMIT_FAILURE_TIME));
	if (status == 304 || c->req->method == M_HEAD)
		response_body(c->res, status, NULL, STR(""));
	else
		api_answer(c, status, &j);
}

void
api_handle(struct cx *cx, struct engine *eng, struct auth *auth,
    const struct api_opts *opt, struct request *req, struct response *res,
    struct request_note *note)
{
	struct api_call	c = { .eng = eng, .auth = auth, .opt = opt,
	    .req = req, .res = res };

	note->operation = "-";
	if (api_run(cx, &c, note) != OK)
		render_error(cx, &c);
	note->key_id = c.who.key_id;
	note->deleted = c.deleted;
	note->n_deleted = c.n_deleted;
	response_header(res, "X-Request-Id", str_of(cx->id));
	res->is_head = req->method == M_HEAD;
}
