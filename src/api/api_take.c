/* What requests say: parameters, and bodies in JSON. */
#include "api/api_call.h"

#include "base/secret.h"
#include "lake/target.h"

static enum err
take_text(struct cx *cx, struct api_call *c, size_t max, bool optional,
    struct str *out)
{
	struct str	type = request_header(c->req, "content-type");
	enum err	e;

	*out = STR("");
	if (!c->req->has_length || c->req->length > 0)
		if ((e = source_body(cx, &c->req->body, c->req->has_length ?
		    c->req->length : 0, max, out)) != OK)
			return e;
	if (c->row->needs & F_OPEN)	/* it may hold a secret */
		secret_wipe_later(cx->mem, *out);
	if (out->n == 0 && optional)
		return OK;
	type = str_trim(str_to(type, str_find(type, ';')));
	return str_is_nocase(type, STR("application/json")) ? OK :
	    fail(cx, E_BAD_JSON, "the body must be application/json");
}

enum err
api_take_json(struct cx *cx, struct api_call *c, size_t max, bool optional,
    struct json *out)
{
	struct str	text;
	enum err	e;

	out->v = NULL;
	if ((e = take_text(cx, c, max, optional, &text)) != OK ||
	    (text.n == 0 && optional))
		return e;
	return json_parse(cx, text, out);
}

enum err
api_take_list(struct cx *cx, struct api_call *c, size_t max, const char *name,
    struct json *out, struct json_list *list)
{
	struct str	text;
	enum err	e;

	if ((e = take_text(cx, c, max, false, &text)) != OK)
		return e;
	return json_parse_list(cx, text, name, out, list);
}

enum err
api_take_bool(struct cx *cx, const struct api_call *c, const char *name,
    bool *out)
{
	static const char *const	words[] = { "0", "f", "F", "false",
	    "FALSE", "False", "1", "t", "T", "true", "TRUE", "True" };
	const size_t			n = sizeof words / sizeof words[0];
	struct str			v = request_param(c->req, name);
	size_t				i;

	if (v.n == 0)
		return OK;
	for (i = 0; i < n && !str_is(v, str_of(words[i])); i++)
		continue;
	if (i == n)
		return fail(cx, E_BAD_REQUEST, "parameter \"%s\" must be true "
		    "or false", name);
	*out = i >= n / 2;
	return OK;
}

enum err
api_need_param(struct cx *cx, const struct api_call *c, const char *name,
    struct str *out)
{
	*out = request_param(c->req, name);
	return out->n > 0 ? OK : fail(cx, E_BAD_REQUEST, "parameter \"%s\" is "
	    "required and must not be empty", name);
}

enum err
api_take_amount(struct cx *cx, const struct api_call *c, size_t *out)
{
	struct str	amount = request_param(c->req, "amount");
	uint64_t	n = 0;

	if (amount.n > 0 && !str_is(amount, STR("-1")) &&
	    !str_u64(amount, LIMIT_PAGE, &n))
		return fail(cx, E_BAD_REQUEST, "parameter \"amount\" must be "
		    "a number from -1 to %d", LIMIT_PAGE);
	*out = n == 0 ? 100 : n;
	return OK;
}

enum err
api_take_page(struct cx *cx, const struct api_call *c, struct list_query *q)
{
	enum err	e;

	*q = (struct list_query){
		.prefix = request_param(c->req, "prefix"),
		.after = request_param(c->req, "after"),
		.delimiter = request_param(c->req, "delimiter"),
	};
	if ((e = api_take_amount(cx, c, &q->limit)) != OK)
		return e;
	return target_list(cx, q);
}

enum err
api_take_object(struct cx *cx, const struct api_call *c, struct target *out)
{
	struct str	path;
	enum err	e;

	e = api_need_param(cx, c, "path", &path);
	return e == OK ? target_object(cx, c->repo, c->ref, path, out) : e;
}

/* 501, as for all that is not there; lakeFS answers 400 where its store cannot
 * presign.  [lakeFS getObject, statObject, listObjects] */
enum err
api_take_no_presign(struct cx *cx, const struct api_call *c)
{
	enum err	e;
	bool		presign = false;

	if ((e = api_take_bool(cx, c, "presign", &presign)) != OK)
		return e;
	return presign ? fail(cx, E_NOT_IMPLEMENTED, "presigned addresses are "
	    "not implemented") : OK;
}
