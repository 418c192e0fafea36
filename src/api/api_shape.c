/* Queries, bodies and values in JSON. */
#include "api/api_call.h"

#include <string.h>

#include "base/digest.h"
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
	struct str	v = request_param(c->req, name);

	if (v.n == 0)
		return OK;
	*out = str_is(v, STR("true"));
	if (!*out && !str_is(v, STR("false")))
		return fail(cx, E_BAD_REQUEST, "parameter \"%s\" must be true "
		    "or false", name);
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
api_take_page(struct cx *cx, const struct api_call *c, struct list_query *q)
{
	struct str	amount = request_param(c->req, "amount");
	uint64_t	n = 0;

	*q = (struct list_query){
		.prefix = request_param(c->req, "prefix"),
		.after = request_param(c->req, "after"),
		.delimiter = request_param(c->req, "delimiter"),
	};
	if (amount.n > 0 && !str_is(amount, STR("-1")) &&
	    !str_u64(amount, LIMIT_PAGE, &n))
		return fail(cx, E_BAD_REQUEST, "parameter \"amount\" must be "
		    "a number from -1 to %d", LIMIT_PAGE);
	q->limit = n == 0 ? 100 : n;
	return target_list(cx, q);
}

struct json_out
api_begin(struct cx *cx, struct buf *b)
{
	buf_init(b, cx->mem, API_ANSWER_MAX);
	return (struct json_out){ b, false };
}

void
api_answer(struct api_call *c, int status, struct buf *b)
{
	buf_byte(b, '\n');
	response_body(c->res, status, "application/json", buf_as_str(b));
}

void
api_put_page(struct json_out *j, struct str last, bool more, size_t n)
{
	json_open(j, "pagination", '{');
	json_put_bool(j, "has_more", more);
	json_put_str(j, "next_offset", more ? last : STR(""));
	json_put_int(j, "results", (int64_t)n);
	json_put_int(j, "max_per_page", LIMIT_PAGE);
	json_close(j, '}');
}

void
api_put_repo(struct json_out *j, const char *name, const struct repo *r)
{
	json_open(j, name, '{');
	json_put_str(j, "id", r->name);
	json_put_int(j, "creation_date", r->created / 1000);
	json_put_str(j, "default_branch", r->default_branch);
	json_put_str(j, "storage_id", STR(""));
	json_put_str(j, "storage_namespace", r->storage_namespace);
	json_put_bool(j, "read_only", r->read_only);
	json_close(j, '}');
}

void
api_put_ref(struct json_out *j, const char *name, struct str id,
    const struct oid *commit)
{
	struct oid_hex	hex = oid_hex(commit);

	json_open(j, name, '{');
	json_put_str(j, "id", id);
	json_put_str(j, "commit_id", str_of(hex.z));
	json_close(j, '}');
}

void
api_put_commit(struct json_out *j, const char *name, const struct commit *c)
{
	struct oid_hex	hex;
	size_t		i;

	json_open(j, name, '{');
	hex = oid_hex(&c->id);
	json_put_str(j, "id", str_of(hex.z));
	json_open(j, "parents", '[');
	for (i = 0; i < c->n_parents; i++) {
		hex = oid_hex(&c->parents[i]);
		json_put_str(j, NULL, str_of(hex.z));
	}
	json_close(j, ']');
	json_put_str(j, "committer", c->committer);
	json_put_str(j, "message", c->message);
	json_put_int(j, "creation_date", c->date);
	hex = oid_hex(&c->tree);
	json_put_str(j, "meta_range_id", oid_is_zero(&c->tree) ? STR("") :
	    str_of(hex.z));
	json_put_map(j, "metadata", c->meta, c->n_meta);
	json_put_int(j, "generation", (int64_t)c->generation);
	json_put_int(j, "version", 1);
	json_close(j, '}');
}

/*
 * <namespace>/data/<20>/<20>, digits of 0-9a-v: the shape that scripts expect.
 * Drawn from the object's first block, so the same bytes have one address.
 */
static struct str
physical_address(struct cx *cx, const struct repo *r,
    const struct entry *en)
{
	unsigned char	hash[SHA256_BYTES];
	char		z[41];
	size_t		i;

	if (en->has_manifest)
		digest_of(DIGEST_SHA256, &en->manifest, sizeof en->manifest,
		    hash);
	else if (en->n_extents > 0)
		digest_of(DIGEST_SHA256, &en->extents[0],
		    sizeof en->extents[0].block, hash);
	else
		digest_of(DIGEST_SHA256, en->etag.p, en->etag.n, hash);
	for (i = 0; i < 40; i++)
		z[i] = "0123456789abcdefghijklmnopqrstuv"[
		    (hash[i % 32] >> (i / 32 * 3)) & 31];
	z[40] = '\0';
	return str_printf(cx->mem, "%.*s/data/%.20s/%.20s",
	    STRF(r->storage_namespace), z, z + 20);
}

void
api_put_stats(struct cx *cx, struct json_out *j, const struct repo *r,
    struct str path, const struct entry *en, bool with_meta)
{
	json_open(j, NULL, '{');
	json_put_str(j, "path", path);
	json_put_str(j, "path_type", STR("object"));
	json_put_str(j, "physical_address", physical_address(cx, r, en));
	json_put_str(j, "checksum", en->etag);
	json_put_int(j, "size_bytes", (int64_t)en->size);
	json_put_int(j, "mtime", en->mtime / 1000);
	json_put_map(j, "metadata", en->meta, with_meta ? en->n_meta : 0);
	json_put_str(j, "content_type", en->content_type);
	json_close(j, '}');
}
