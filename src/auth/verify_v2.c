/*
 * SigV2 in the header and in the query: what boto3 and aws-cli 1 presign with
 * by default.  [S3 "Signing and authenticating REST requests"]
 */
#include "auth/auth_inside.h"

#include "base/cx.h"
#include "base/digest.h"
#include "base/fault.h"
#include "base/when.h"
#include "http/http.h"
#include "net/sigv2.h"

struct v2_claim {
	struct str	key_id, signature, expires;
	bool		presigned;
};

static enum err
claim_read(struct cx *cx, const struct request *req, struct v2_claim *c)
{
	struct str	h = request_header(req, "authorization");

	c->presigned = h.n == 0;
	if (c->presigned) {
		c->key_id = request_param(req, "AWSAccessKeyId");
		c->signature = request_param(req, "Signature");
		c->expires = request_param(req, "Expires");
		if (c->signature.n == 0 || c->expires.n == 0)
			return fail(cx, E_NO_AUTH, "Query-string "
			    "authentication requires the Signature, Expires "
			    "and AWSAccessKeyId parameters");
		return OK;
	}
	c->signature = str_from(h, 4);
	if (!str_split(&c->signature, ':', &c->key_id) ||
	    c->signature.n == 0)
		return fail(cx, E_BAD_ARGUMENT, "AWS authorization header is "
		    "invalid.  Expected AwsAccessKeyId:signature");
	return OK;
}

static enum err
v2_time_check(struct cx *cx, const struct request *req,
    const struct v2_claim *c)
{
	struct str	date = request_header(req, "x-amz-date");
	uint64_t	until;
	int64_t		at;

	if (c->presigned) {
		if (!str_u64(c->expires, INT64_MAX / 1000, &until))
			return fail(cx, E_NO_AUTH, "Invalid date: Expires is "
			    "seconds since 1970");
		if (cx->now > (int64_t)until * 1000)
			return fail(cx, E_EXPIRED, "Request has expired");
		return OK;
	}
	if (date.n == 0)
		date = request_header(req, "date");
	if (!signer_date(cx, date, &at) && !when_amz_parse(date, &at))
		return fail(cx, E_NO_AUTH, "a signed request needs a valid "
		    "Date or x-amz-date");
	return signer_check_clock(cx, at, false);
}

/* Version 2 signs lines of text: what could be read as two is refused. */
static bool
is_line(struct str name, struct str value)
{
	return fault_skip("V2_LINES") || (str_find(name, ':') == name.n &&
	    str_find(name, '\n') == name.n &&
	    str_find(value, '\n') == value.n);
}

/* Parameters are signed decoded: a value that looks like two is refused. */
static enum err
query_check(struct cx *cx, const struct request *req)
{
	struct str	rest, part;
	size_t		i;

	for (i = 0; i < req->n_query; i++) {
		if (fault_skip("V2_LINES") || !sigv2_signs(req->query[i].name))
			continue;
		rest = req->query[i].value;
		str_split(&rest, '&', &part);
		while (str_split(&rest, '&', &part))
			if (sigv2_signs(str_to(part, str_find(part, '='))))
				return fail(cx, E_BAD_ARGUMENT, "The value of "
				    "%.*s looks like a parameter of its own, "
				    "which signature version 2 cannot tell.",
				    STRF(req->query[i].name));
	}
	return OK;
}

/* The header that says the same as a parameter of the address: it is signed
 * with it.  One that says something else is not. */
static enum err
take_header(struct cx *cx, const struct request *req, bool presigned,
    const struct pair *h, struct sigv2_request *r, struct auth_signature *sig)
{
	const struct pair	*q = presigned ? request_query(req,
	    str_z(cx->mem, h->name)) : NULL;

	if (q == NULL)
		r->amz[r->n_amz++] = *h;
	else if (!fault_skip("V2_TWIN") && !str_is(str_trim(q->value),
	    h->value))
		return signer_refuse_unsigned(cx, h->name, sig);
	return OK;
}

/* x-amz-*: headers, and the parameters of a presigned address. */
static enum err
take_amz(struct cx *cx, const struct request *req, bool presigned,
    struct sigv2_request *r, struct auth_signature *sig)
{
	const struct pair	*p;
	size_t			 i;
	enum err		 e;

	r->amz = arena_get(cx->mem, (req->n_headers + req->n_query + 1) *
	    sizeof *r->amz);
	for (i = 0; i < req->n_headers; i++)
		if (str_starts(req->headers[i].name, STR("x-amz-")) &&
		    !str_is(req->headers[i].name, STR("x-amz-cf-id")) &&
		    (e = take_header(cx, req, presigned, &req->headers[i], r,
		    sig)) != OK)
			return e;
	for (i = 0; presigned && i < req->n_query; i++) {
		p = &req->query[i];
		if (!str_starts(p->name, STR("x-amz-")))
			continue;
		if (!is_line(p->name, p->value))
			return fail(cx, E_BAD_ARGUMENT, "A parameter x-amz-* "
			    "means a header: no line break, and no colon in "
			    "its name.");
		r->amz[r->n_amz++] = *p;
	}
	return OK;
}

static enum err
v2_signature_check(struct cx *cx, struct str want, const struct cred_key *key,
    struct auth_identity *who, const struct auth_signature *sig)
{
	if (want.n != sig->provided.n ||
	    !digest_same(want.p, sig->provided.p, want.n))
		return signer_mismatch(cx, "");
	*who = (struct auth_identity){ .user = key->user, .key_id = key->id };
	return OK;
}

/* The signature that it should have. */
static struct str
sign(struct cx *cx, const struct cred_key *key, struct sigv2_request *r,
    const struct auth_signature *sig)
{
	struct str	want = sigv2_sign(cx, key->secret,
	    sig->string_to_sign);

	/* Some sign "/bucket/" and send "/bucket". */
	if (str_is(want, sig->provided) || r->bucket.n > 0 ||
	    str_find(str_from(r->path, 1), '/') != r->path.n - 1)
		return want;
	r->path = str_printf(cx->mem, "%.*s/", STRF(r->path));
	return sigv2_sign(cx, key->secret, sigv2_string_to_sign(cx, r));
}

enum err
verify_v2(struct cx *cx, struct auth *a, const struct request *req,
    const struct auth_place *at, struct auth_identity *who,
    struct auth_signature *sig)
{
	struct sigv2_request	r = { .method = req->method_name,
	    .md5 = request_header(req, "content-md5"),
	    .type = request_header(req, "content-type"),
	    .bucket = at->bucket, .path = req->raw_path,
	    .query = req->query, .n_query = req->n_query };
	struct v2_claim		c;
	struct cred_key		key;
	enum err		e;

	if ((e = claim_read(cx, req, &c)) != OK)
		return e;
	sig->key_id = c.key_id;
	if ((e = signer_key(cx, a, c.key_id, &key)) != OK ||
	    (e = v2_time_check(cx, req, &c)) != OK ||
	    (e = query_check(cx, req)) != OK ||
	    (e = take_amz(cx, req, c.presigned, &r, sig)) != OK)
		return e;
	if (c.presigned)
		r.date = c.expires;
	else if (request_header(req, "x-amz-date").n == 0)
		r.date = request_header(req, "date");
	sig->by_query = c.presigned ? 2 : 0;
	sig->is_v2 = true;
	sig->provided = c.signature;
	sig->string_to_sign = sigv2_string_to_sign(cx, &r);
	return v2_signature_check(cx, sign(cx, &key, &r, sig), &key, who, sig);
}

/* The string to sign is the policy itself.  [S3 POST] */
enum err
verify_v2_form(struct cx *cx, struct auth *a, const struct request *fields,
    struct auth_identity *who, struct auth_signature *sig)
{
	struct cred_key	key;
	enum err	e;

	sig->key_id = request_header(fields, "awsaccesskeyid");
	sig->provided = request_header(fields, "signature");
	sig->string_to_sign = request_header(fields, "policy");
	if (sig->key_id.n == 0 || sig->provided.n == 0)
		return fail(cx, E_BAD_ARGUMENT, "Bucket POST must contain a "
		    "field named '%s'.  If it is specified, please check the "
		    "order of the fields.", sig->key_id.n == 0 ?
		    "AWSAccessKeyId" : "Signature");
	if ((e = signer_key(cx, a, sig->key_id, &key)) != OK)
		return e;
	return v2_signature_check(cx, sigv2_sign(cx, key.secret,
	    sig->string_to_sign), &key, who, sig);
}
