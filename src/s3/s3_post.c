/*
 * PostObject: an upload from a form in a browser.  [S3 POST]  The fields come
 * before the file, among them a policy that a key has signed; when all its
 * conditions hold, the fields stand for the headers of a PUT.
 */
#include "s3/s3_call.h"

#include <string.h>

#include "base/enc.h"
#include "base/json.h"
#include "base/vec.h"
#include "base/when.h"
#include "base/xml.h"
#include "lake/target.h"
#include "s3/s3_body.h"
#include "s3/s3_meta.h"
#include "s3/s3_refuse.h"
#include "s3/s3_tags.h"
#include "s3/s3_take.h"
#include "s3/s3_xml.h"

struct post {
	struct s3_call	*call;
	struct request	 fields;	/* as its headers, in lower case */
	struct form	*form;		/* at the file */
	struct json	 conditions;
	uint64_t	 least, most;	/* content-length-range */
};

/* ---- fields ------------------------------------------------------------ */

/* What the user called the file, without folders. */
static struct str
base_name(struct str name)
{
	size_t	i;

	for (i = name.n; i > 0; i--)
		if (name.p[i - 1] == '/' || name.p[i - 1] == '\\')
			break;
	return str_from(name, i);
}

/* "${filename}" in any field is the file's name. */
static struct str
with_filename(struct cx *cx, struct str value, struct str name)
{
	const struct str	mark = STR("${filename}");
	size_t			at = str_find_str(value, mark);

	return at == value.n ? value : str_printf(cx->mem, "%.*s%.*s%.*s",
	    (int)at, value.p, STRF(name), STRF(str_from(value, at + mark.n)));
}

struct fields {
	VEC(struct pair)	v;
	size_t			total;	/* bytes of names and values */
};

static enum err
add_field(struct cx *cx, struct post *p, const struct form_part *part,
    struct fields *all)
{
	struct source	 content = form_content(p->form);
	struct str	 name = str_lower(cx->mem, part->name);
	struct pair	*h;
	enum err	 e;

	if (pair_find(all->v.at, all->v.n, name) != NULL)
		return fail(cx, E_BAD_ARGUMENT, "The form has the field "
		    "\"%.*s\" twice.", STRF(part->name));
	h = VEC_PUSH(cx->mem, &all->v);
	h->name = name;
	e = source_all(cx, &content, LIMIT_FORM_FIELDS - all->total,
	    &h->value);
	all->total += h->name.n + h->value.n;
	if (e == E_TOO_LARGE || all->total > LIMIT_FORM_FIELDS)
		return fail(cx, E_BAD_REQUEST, "Your POST request fields "
		    "preceding the upload file were too large: %d bytes are "
		    "allowed.", LIMIT_FORM_FIELDS);
	return e;
}

/* All up to the file, which is left to be read. */
static enum err
take_fields(struct cx *cx, struct post *p)
{
	struct fields		all = { .total = 0 };
	struct form_part	part;
	size_t			i;
	enum err		e;
	bool			there;

	while ((e = form_next(cx, p->form, &part, &there)) == OK && there &&
	    !str_is_nocase(part.name, STR("file")))
		if ((e = add_field(cx, p, &part, &all)) != OK)
			return e;
	if (e != OK)
		return e;
	if (!there)
		return fail(cx, E_BAD_ARGUMENT, "POST requires exactly one "
		    "file upload per request.");
	for (i = 0; i < all.v.n; i++)
		all.v.at[i].value = with_filename(cx, all.v.at[i].value,
		    base_name(part.filename));
	p->fields = *p->call->req;
	p->fields.headers = all.v.at;
	p->fields.n_headers = all.v.n;
	return OK;
}

/* ---- the policy -------------------------------------------------------- */

static enum err
bad_document(struct cx *cx, const char *why)
{
	return s3_fail(cx, E_BAD_REQUEST, "InvalidPolicyDocument", "Invalid "
	    "Policy: %s", why);
}

static enum err
policy_read(struct cx *cx, struct post *p)
{
	struct str	text = request_header(&p->fields, "policy"), until;
	struct json	root, v;
	char		*raw = arena_get(cx->mem, text.n + 1);
	int64_t		at;
	size_t		n;

	if (!enc_unbase64_any(text, raw, text.n, &n))
		return bad_document(cx, "not base64.");
	if (json_parse(cx, (struct str){ raw, n }, &root) != OK)
		return bad_document(cx, "Invalid JSON.");
	if (!json_member(root, "expiration", &v) || json_kind(v) != JSON_STR)
		return bad_document(cx, "Policy missing expiration.");
	until = json_text(v);
	if (!when_iso_parse(until, &at))
		return bad_document(cx, "Invalid 'expiration' value.");
	if (cx->now > at)
		return fail(cx, E_EXPIRED, "Invalid according to Policy: "
		    "Policy expired.");
	if (!json_member(root, "conditions", &p->conditions) ||
	    json_kind(p->conditions) != JSON_ARRAY)
		return bad_document(cx, "Policy missing conditions.");
	return OK;
}

static struct str
field(struct cx *cx, const struct post *p, struct str name)
{
	return str_is(name, STR("bucket")) ? p->call->bucket :
	    request_header(&p->fields, str_z(cx->mem, name));
}

static enum err
condition_failed(struct cx *cx, struct str op, struct str name,
    struct str value)
{
	return fail(cx, E_DENIED, "Invalid according to Policy: Policy "
	    "Condition failed: [\"%.*s\", \"$%.*s\", \"%.*s\"]", STRF(op),
	    STRF(name), STRF(value));
}

static enum err
take_range(struct cx *cx, struct post *p, const struct json_item *at)
{
	enum json_kind	a = json_kind(at[1].value), b = json_kind(at[2].value);

	if ((a != JSON_INT && a != JSON_STR) ||
	    (b != JSON_INT && b != JSON_STR) ||
	    !str_u64(json_text(at[1].value), INT64_MAX, &p->least) ||
	    !str_u64(json_text(at[2].value), INT64_MAX, &p->most) ||
	    p->least > p->most)
		return bad_document(cx, "Invalid content-length-range.");
	return OK;
}

struct names {
	VEC(struct str)	v;
};

/* ["eq" or "starts-with", "$name", "value"], or a range of lengths. */
static enum err
check_triple(struct cx *cx, struct post *p, struct json item,
    struct names *covered)
{
	struct json_item	*at;
	struct str		 op, name, value, got;
	bool			 holds;

	if (json_items(cx, item, &at) != 3 ||
	    json_kind(at[0].value) != JSON_STR)
		return bad_document(cx, "Invalid Simple-Condition.");
	op = str_lower(cx->mem, json_text(at[0].value));
	if (str_is(op, STR("content-length-range")))
		return take_range(cx, p, at);
	if (json_kind(at[1].value) != JSON_STR ||
	    json_kind(at[2].value) != JSON_STR)
		return bad_document(cx, "Invalid Simple-Condition.");
	name = str_lower(cx->mem, json_text(at[1].value));
	if (!str_take(&name, STR("$")))
		return bad_document(cx, "Invalid Simple-Condition.");
	value = json_text(at[2].value);
	got = field(cx, p, name);
	if (str_is(op, STR("eq")))
		holds = str_is(got, value);
	else if (str_is(op, STR("starts-with")))
		holds = str_starts(got, value);
	else
		return bad_document(cx, "Invalid Simple-Condition: unknown "
		    "operation.");
	*VEC_PUSH(cx->mem, &covered->v) = name;
	return holds ? OK : condition_failed(cx, op, name, value);
}

/* {"name": "value", …} */
static enum err
check_object(struct cx *cx, struct post *p, struct json item,
    struct names *covered)
{
	struct json_item	*at;
	struct str		 name;
	size_t			 i, n = json_items(cx, item, &at);

	if (n == 0)
		return bad_document(cx, "Invalid Simple-Condition.");
	for (i = 0; i < n; i++) {
		if (json_kind(at[i].value) != JSON_STR)
			return bad_document(cx, "Invalid Simple-Condition: "
			    "value must be a string.");
		name = str_lower(cx->mem, at[i].name);
		if (!str_is(field(cx, p, name), json_text(at[i].value)))
			return condition_failed(cx, STR("eq"), name,
			    json_text(at[i].value));
		*VEC_PUSH(cx->mem, &covered->v) = name;
	}
	return OK;
}

/* Fields that need no condition. */
static bool
is_free(struct str name)
{
	static const char *const	names[] = { "awsaccesskeyid",
	    "signature", "policy", "x-amz-signature" };
	size_t				i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_is(name, str_of(names[i])))
			return true;
	return str_starts(name, STR("x-ignore-"));
}

static bool
is_covered(const struct names *covered, struct str name)
{
	size_t	i;

	for (i = 0; i < covered->v.n; i++)
		if (str_is(covered->v.at[i], name))
			return true;
	return false;
}

static enum err
policy_check(struct cx *cx, struct post *p)
{
	struct names		 covered = { .v = { 0 } };
	struct json_item	*at;
	struct str		 name;
	size_t			 i, n = json_items(cx, p->conditions, &at);
	enum err		 e;

	for (i = 0; i < n; i++) {
		e = json_kind(at[i].value) == JSON_OBJECT ?
		    check_object(cx, p, at[i].value, &covered) :
		    check_triple(cx, p, at[i].value, &covered);
		if (e != OK)
			return e;
	}
	/* A signature for one bucket is not one for another. */
	if (!is_covered(&covered, STR("bucket")))
		return fail(cx, E_DENIED, "Invalid according to Policy: "
		    "bucket is not among its conditions.");
	for (i = 0; i < p->fields.n_headers; i++) {
		name = p->fields.headers[i].name;
		if (!is_free(name) && !is_covered(&covered, name))
			return fail(cx, E_DENIED, "Invalid according to "
			    "Policy: Extra input fields: %.*s", STRF(name));
	}
	return OK;
}

/* ---- the object -------------------------------------------------------- */

static struct str
object_url(struct cx *cx, const struct s3_call *c)
{
	struct buf	b;

	buf_init(&b, cx->mem, 8192);
	buf_printf(&b, "%s://%.*s/", c->req->https ? "https" : "http",
	    STRF(c->req->host));
	if (c->host_bucket.n == 0) {
		buf_str(&b, c->bucket);
		buf_byte(&b, '/');
	}
	enc_percent(&b, c->key, false);
	return buf_as_str(&b);
}

/* success_action_redirect, with what was made; false: it names no page. */
static bool
redirect(struct cx *cx, struct s3_call *c, struct str to, struct str etag)
{
	struct buf	b;

	if (!str_starts_nocase(to, STR("http://")) &&
	    !str_starts_nocase(to, STR("https://")))
		return false;
	buf_init(&b, cx->mem, RESPONSE_HEADERS);
	buf_str(&b, to);
	buf_z(&b, str_find(to, '?') < to.n ? "&bucket=" : "?bucket=");
	enc_percent(&b, c->bucket, true);
	buf_z(&b, "&key=");
	enc_percent(&b, c->key, true);
	buf_z(&b, "&etag=");
	enc_percent(&b, s3_meta_etag(cx, etag), true);
	c->res->status = 303;
	response_header(c->res, "Location", buf_as_str(&b));
	return true;
}

static void
post_answer(struct cx *cx, struct s3_call *c, const struct request *fields,
    const struct entry *en)
{
	struct str	to = request_header(fields, "success_action_redirect");
	struct str	status = request_header(fields,
	    "success_action_status");
	struct buf	b;

	if (to.n == 0)
		to = request_header(fields, "redirect");
	s3_meta_version(c, en);
	response_header(c->res, "ETag", s3_meta_etag(cx, en->etag));
	if (redirect(cx, c, to, en->etag))
		return;
	/* mod_fcgid makes a redirect of a 200 with Location. */
	if (str_is(status, STR("200")))
		return;
	response_header(c->res, "Location", object_url(cx, c));
	c->res->status = 204;
	if (!str_is(status, STR("201")))
		return;
	s3_xml_begin(cx, &b, "PostResponse");
	xml_put(&b, "Location", object_url(cx, c));
	xml_put(&b, "Bucket", c->bucket);
	xml_put(&b, "Key", c->key);
	xml_put(&b, "ETag", s3_meta_etag(cx, en->etag));
	s3_xml_end(c, &b, "PostResponse");
	c->res->status = 201;
}

static enum err
take_key(struct cx *cx, struct post *p)
{
	struct s3_call	*c = p->call;
	struct str	 key = request_header(&p->fields, "key");

	if (key.p == NULL)
		return fail(cx, E_BAD_ARGUMENT, "Bucket POST must contain a "
		    "field named 'key'.  If it is specified, please check "
		    "the order of the fields.");
	if (key.n == 0)
		return fail(cx, E_BAD_ARGUMENT, "User key must have a length "
		    "greater than 0.");
	s3_take_key(c, key);
	return target_object(cx, c->lp.repo, c->lp.ref, c->lp.path, &c->at);
}

/* The field "tagging" is a document. */
static enum err
take_tags(struct cx *cx, struct str text, struct entry *en)
{
	struct source	in = source_of_str(cx, text);
	struct xml	*x;
	enum err	e;

	if ((e = xml_open(cx, &in, "Tagging", &x)) != OK)
		return e;
	return s3_tags_read(cx, x, LIMIT_TAGS_OBJECT, &en->tags, &en->n_tags);
}

static enum err
store_file(struct cx *cx, struct post *p, struct entry *en)
{
	struct s3_call	*c = p->call;
	struct str	 tags = request_header(&p->fields, "tagging");
	struct s3_body	*in;
	struct body	*body;
	struct cond	 cond;
	uint64_t	 max = p->most < LIMIT_OBJECT_PUT ? p->most :
	    LIMIT_OBJECT_PUT;
	enum err	 e;

	if ((e = s3_refuse_unknown(cx, c)) != OK ||
	    (e = s3_meta_take(cx, c, en)) != OK ||
	    (tags.n > 0 && (e = take_tags(cx, tags, en)) != OK) ||
	    (e = s3_take_cond(cx, c, "", &cond)) != OK ||
	    (e = s3_body_open(cx, c, STR(""), &in)) != OK ||
	    (e = object_check_write(cx, c->eng, &c->at, &cond, false)) != OK)
		return e;
	in->source = form_content(p->form);
	in->any_length = true;
	if ((e = s3_body_take(cx, in, max, &body)) != OK)
		return e == E_TOO_LARGE ? fail(cx, e, "Your proposed upload "
		    "exceeds the maximum allowed size") : e;
	if (body_size(body) < p->least)
		return fail(cx, E_PART_TOO_SMALL, "Your proposed upload is "
		    "smaller than the minimum allowed size");
	en->etag = body_etag(cx, body);
	s3_body_sums(cx, in, en);
	return object_put(cx, c->eng, &c->at, body, en, &cond, false);
}

enum err
s3_post_object(struct cx *cx, struct s3_call *c)
{
	struct post	p = { .call = c, .most = UINT64_MAX };
	struct auth_place at = { c->host_bucket, c->opt->only_region };
	struct request	*outer = c->req;
	struct pair	*acl;
	struct entry	en;
	enum err	e;

	if (!form_is_sent(c->req))
		return fail(cx, E_PRECONDITION, "Bucket POST must be of the "
		    "enclosure-type multipart/form-data");
	if ((e = form_open(cx, c->req, &p.form)) != OK ||
	    (e = take_fields(cx, &p)) != OK ||
	    (e = take_key(cx, &p)) != OK ||
	    (e = auth_verify_form(cx, c->auth, &p.fields, &at, &c->who,
	    &c->sig)) != OK ||
	    (e = policy_read(cx, &p)) != OK ||
	    (e = policy_check(cx, &p)) != OK)
		return e;
	/* In a form it has a name of its own. */
	if ((acl = pair_find(p.fields.headers, p.fields.n_headers,
	    STR("acl"))) != NULL)
		acl->name = STR("x-amz-acl");
	c->req = &p.fields;
	e = store_file(cx, &p, &en);
	c->req = outer;
	if (e == OK)
		post_answer(cx, c, &p.fields, &en);
	return e;
}
