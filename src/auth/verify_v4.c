/* SigV4 in the header and in the query (presigned).  [AWS SigV4] */
#include "auth/auth_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/digest.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/limit.h"
#include "base/vec.h"
#include "base/when.h"
#include "http/http.h"
#include "net/sigv4.h"

enum { NAMES_MAX = 4096 };

/* The digest of no bytes. */
#define EMPTY_SHA256 \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct v4_claim {			/* what the request says of itself */
	struct str	key_id, scope, day, region, service;
	struct str	signed_headers, signature, date;
	bool		presigned;
	uint64_t	expires;	/* seconds, presigned */
};

static bool
credential_parse(struct str text, struct v4_claim *c)
{
	struct str	rest = text, end;

	if (!str_split(&rest, '/', &c->key_id) || rest.p == NULL)
		return false;
	c->scope = rest;
	return str_split(&rest, '/', &c->day) &&
	    str_split(&rest, '/', &c->region) &&
	    str_split(&rest, '/', &c->service) &&
	    str_split(&rest, '/', &end) && rest.p == NULL &&
	    str_is(end, STR("aws4_request")) && c->day.n == 8;
}

static enum err
bad_header(struct cx *cx)
{
	return fail(cx, E_AUTH_HEADER, "The authorization header is "
	    "malformed: expected AWS4-HMAC-SHA256 Credential=id/date/region/"
	    "service/aws4_request, SignedHeaders=…, Signature=…");
}

/* What a part of the header says, once. */
static bool
part_is(struct str part, struct str name, struct str *value)
{
	if (!str_starts(part, name) || value->p != NULL)
		return false;
	*value = str_from(part, name.n);
	return true;
}

static enum err
header_claim(struct cx *cx, const struct request *req, struct v4_claim *c)
{
	struct str	rest = str_from(request_header(req, "authorization"),
	    16), part, credential = { NULL, 0 };

	memset(c, 0, sizeof *c);
	while (str_split(&rest, ',', &part)) {
		part = str_trim(part);
		if (!part_is(part, STR("Credential="), &credential) &&
		    !part_is(part, STR("SignedHeaders="),
		    &c->signed_headers) &&
		    !part_is(part, STR("Signature="), &c->signature))
			return bad_header(cx);
	}
	if (!credential_parse(credential, c) || c->signature.n != 64 ||
	    c->signed_headers.n == 0)
		return bad_header(cx);
	c->date = request_header(req, "x-amz-date");
	return OK;
}

static enum err
query_claim(struct cx *cx, const struct request *req, struct v4_claim *c)
{
	memset(c, 0, sizeof *c);
	c->presigned = true;
	c->date = request_param(req, "X-Amz-Date");
	c->signed_headers = request_param(req, "X-Amz-SignedHeaders");
	c->signature = request_param(req, "X-Amz-Signature");
	if (!str_is(request_param(req, "X-Amz-Algorithm"),
	    STR("AWS4-HMAC-SHA256")))
		return fail(cx, E_AUTH_QUERY, "X-Amz-Algorithm only supports "
		    "\"AWS4-HMAC-SHA256\"");
	if (!credential_parse(request_param(req, "X-Amz-Credential"), c) ||
	    c->signature.n != 64 || c->signed_headers.n == 0)
		return fail(cx, E_AUTH_QUERY, "Query-string authentication "
		    "version 4 requires the X-Amz-Algorithm, "
		    "X-Amz-Credential, X-Amz-Signature, X-Amz-Date, "
		    "X-Amz-SignedHeaders, and X-Amz-Expires parameters.");
	if (!str_u64(request_param(req, "X-Amz-Expires"), LIMIT_PRESIGNED,
	    &c->expires))
		return fail(cx, E_AUTH_QUERY, "X-Amz-Expires must be a number "
		    "of seconds from 0 to %d (a week)", LIMIT_PRESIGNED);
	return OK;
}

static enum err
scope_wrong(struct cx *cx, const struct v4_claim *c, struct str why)
{
	return fail(cx, c->presigned ? E_AUTH_QUERY : E_AUTH_HEADER,
	    "%s; %.*s", c->presigned ? "Error parsing the X-Amz-Credential "
	    "parameter" : "The authorization header is malformed", STRF(why));
}

/* What a key signs for another service is not meant for this one. */
static enum err
scope_check(struct cx *cx, const struct v4_claim *c, struct str region,
    struct auth_signature *sig)
{
	if (!fault_skip("SCOPE_SERVICE") && !str_is(c->service, STR("s3")))
		return scope_wrong(cx, c, str_printf(cx->mem, "incorrect "
		    "service \"%.*s\". This endpoint belongs to \"s3\".",
		    STRF(c->service)));
	if (fault_skip("SCOPE_REGION") || region.n == 0 ||
	    str_is(c->region, region))
		return OK;
	sig->region = region;
	return scope_wrong(cx, c, str_printf(cx->mem, "the region '%.*s' is "
	    "wrong; expecting '%.*s'", STRF(c->region), STRF(region)));
}

/* Each name is looked for among the headers, before anything is known of who
 * sent them. */
static enum err
v4_names_check(struct cx *cx, const struct v4_claim *c)
{
	struct str	rest = c->signed_headers, name;
	size_t		n = 0;

	while (str_split(&rest, ';', &name))
		n++;
	if (n <= LIMIT_HEADERS || fault_skip("SIGNED_NAMES"))
		return OK;
	return fail(cx, c->presigned ? E_AUTH_QUERY : E_AUTH_HEADER,
	    "SignedHeaders may name %d headers.", LIMIT_HEADERS);
}

static enum err
scope_date_check(struct cx *cx, const struct v4_claim *c, struct str amz_date)
{
	if (fault_skip("SCOPE_DATE") || str_is(str_to(amz_date, 8), c->day))
		return OK;
	return scope_wrong(cx, c, str_printf(cx->mem, "Invalid credential "
	    "date \"%.*s\". This date is not the same as X-Amz-Date: "
	    "\"%.*s\".", STRF(c->day), STRF(str_to(amz_date, 8))));
}

static enum err
v4_time_check(struct cx *cx, const struct request *req,
    const struct v4_claim *c, struct str *amz_date)
{
	int64_t		at;
	enum err	e;

	if (c->date.n == 0 && signer_date(cx, request_header(req, "date"),
	    &at))
		*amz_date = when_amz(cx->mem, at);
	else if (when_amz_parse(c->date, &at))
		*amz_date = c->date;
	else
		return fail(cx, c->presigned ? E_AUTH_QUERY : E_NO_AUTH,
		    "a signed request needs a valid Date or x-amz-date");
	/* A presigned address lives as long as it says, not 15 minutes. */
	if ((e = scope_date_check(cx, c, *amz_date)) != OK ||
	    (e = signer_check_clock(cx, at, c->presigned)) != OK)
		return e;
	if (c->presigned && cx->now > at + (int64_t)c->expires * 1000)
		return fail(cx, E_EXPIRED, "Request has expired");
	return OK;
}

/* The body's hash, or what stands for it; an address that was signed for one
 * body says so in its query. */
static enum err
payload_parse(struct cx *cx, const struct request *req, bool presigned,
    struct str *text, struct auth_signature *sig)
{
	*text = request_header(req, "x-amz-content-sha256");
	sig->payload = PAYLOAD_UNSIGNED;
	if (text->n == 0 && presigned)
		*text = request_param(req, "X-Amz-Content-Sha256");
	if (text->n == 0)
		*text = STR("UNSIGNED-PAYLOAD");
	if (str_is(*text, STR("UNSIGNED-PAYLOAD")))
		return OK;
	if (str_is(*text, STR("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")))
		sig->payload = PAYLOAD_CHUNKS;
	else if (str_is(*text,
	    STR("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")))
		sig->payload = PAYLOAD_CHUNKS_TRAILER;
	else if (str_is(*text, STR("STREAMING-UNSIGNED-PAYLOAD-TRAILER")))
		sig->payload = PAYLOAD_UNSIGNED_TRAILER;
	else if (enc_unhex(*text, sig->hash, sizeof sig->hash))
		sig->payload = PAYLOAD_HASH;
	else
		return fail(cx, E_BAD_ARGUMENT, "x-amz-content-sha256 must be "
		    "UNSIGNED-PAYLOAD, a STREAMING-… form, or a SHA-256 in "
		    "hex");
	return OK;
}

/* What the signature says beside the request itself. */
struct v4_signed {
	bool		*covered;	/* of each header that came */
	VEC(struct str)	 empty;		/* names of those that did not come */
};

/*
 * The signed headers' names are the real ones: CGI folds "_" and "." into
 * "-", so x-amz-meta-a_b is found by its folded form and named anew.
 */
static struct str
signed_value(struct cx *cx, struct request *req, struct str name,
    struct v4_signed *s)
{
	struct pair	*h;
	size_t		 i, j;

	for (i = 0; i < req->n_headers; i++) {
		h = &req->headers[i];
		if (h->name.n != name.n)
			continue;
		for (j = 0; j < name.n; j++)
			if (h->name.p[j] != name.p[j] &&
			    (h->name.p[j] != '-' || str_find(STR("_."),
			    name.p[j]) == 2))
				break;
		if (j < name.n)
			continue;
		h->name = name;
		s->covered[i] = true;
		return h->value;
	}
	/* lighttpd drops empty ones. */
	*VEC_PUSH(cx->mem, &s->empty) = name;
	return STR("");
}

/*
 * What was signed as empty, and the web server has dropped, was sent: a
 * condition that is empty fails, and does not go away.  After the signature was
 * found right.
 */
static void
restore_empty(struct cx *cx, struct request *req, const struct v4_signed *s)
{
	struct pair	*all;
	size_t		 i;

	if (s->empty.n == 0 || fault_skip("EMPTY_SIGNED"))
		return;
	all = arena_get(cx->mem, (req->n_headers + s->empty.n) * sizeof *all);
	if (req->n_headers > 0)
		memcpy(all, req->headers, req->n_headers * sizeof *all);
	req->headers = all;
	for (i = 0; i < s->empty.n; i++)
		if (header_is_legal(s->empty.at[i], STR("")))
			all[req->n_headers++] = (struct pair){
			    s->empty.at[i], STR("") };
}

/* Nobody on the way, nor who holds an address, adds a meaning. */
static enum err
covered_check(struct cx *cx, const struct request *req, const bool *covered,
    struct auth_signature *sig)
{
	struct str	name;
	struct buf	names;
	bool		all = true, must;
	size_t		i;

	buf_init(&names, cx->mem, NAMES_MAX);
	for (i = 0; i < req->n_headers; i++) {
		name = req->headers[i].name;
		must = (!fault_skip("SIGNED_HEADERS") &&
		    signer_must_sign(name)) || (!fault_skip("SIGNED_HOST") &&
		    str_is(name, STR("host")));
		if (covered[i] || !must)
			continue;
		all = false;
		buf_printf(&names, "%s%.*s", names.n > 0 ? ", " : "",
		    STRF(name));
	}
	return all ? OK : signer_refuse_unsigned(cx, buf_as_str(&names), sig);
}

static int
v4_by_name(const void *a, const void *b)
{
	const struct pair	*x = a, *y = b;

	return str_cmp(x->name, y->name);
}

static void
request_for_signing(struct cx *cx, struct request *req,
    const struct v4_claim *c, struct v4_signed *s, struct sigv4_request *r)
{
	VEC(struct pair)	 headers = { 0 };
	struct pair		*h;
	struct str		 rest = c->signed_headers, name;
	size_t			 i;

	*r = (struct sigv4_request){ .method = req->method_name,
	    .path = req->path };
	r->query = arena_get(cx->mem, (req->n_query + 1) * sizeof *r->query);
	for (i = 0; i < req->n_query; i++)
		if (!c->presigned || !str_is(req->query[i].name,
		    STR("X-Amz-Signature")))
			r->query[r->n_query++] = req->query[i];
	while (str_split(&rest, ';', &name)) {
		h = VEC_PUSH(cx->mem, &headers);
		h->name = name;
		h->value = signed_value(cx, req, name, s);
	}
	qsort(headers.at, headers.n, sizeof *headers.at, v4_by_name);
	r->headers = headers.at;
	r->n_headers = headers.n;
}

/* Does the claim's signature fit the string to sign? */
static bool
v4_fits(struct cx *cx, const struct v4_claim *c, const struct cred_key *key,
    struct auth_signature *sig)
{
	char	hex[65];

	sigv4_key(cx, key->secret, c->day, c->region, c->service, sig->key);
	sigv4_sign(sig->key, sig->string_to_sign, hex);
	sig->provided = c->signature;
	return digest_same(hex, c->signature.p, 64);
}

static struct auth_identity
v4_signer(const struct cred_key *key)
{
	return (struct auth_identity){ .user = key->user, .key_id = key->id };
}

/*
 * Who signs no x-amz-content-sha256 says nowhere what stands for the body:
 * UNSIGNED-PAYLOAD, as some do, or the digest of no bytes, as curl does.  The
 * second is taken of a request that has no body, and no other.
 */
static enum err
v4_signature_check(struct cx *cx, const struct request *req,
    const struct v4_claim *c, struct sigv4_request *r, struct str date,
    const struct cred_key *key, struct auth_signature *sig)
{
	bool	said = c->presigned ||
	    request_header(req, "x-amz-content-sha256").n > 0;

	sig->string_to_sign = sigv4_string_to_sign(cx, r, date, c->scope,
	    &sig->canonical);
	if (v4_fits(cx, c, key, sig))
		return OK;
	if (!said && req->has_length && req->length == 0) {
		r->payload = STR(EMPTY_SHA256);
		sig->string_to_sign = sigv4_string_to_sign(cx, r, date,
		    c->scope, &sig->canonical);
		if (v4_fits(cx, c, key, sig))
			return OK;
	}
	return signer_mismatch(cx, said ? "" : " It has no "
	    "x-amz-content-sha256 header; with curl add "
	    "-H 'x-amz-content-sha256: UNSIGNED-PAYLOAD'.");
}

static enum err
claim_check(struct cx *cx, struct auth *a, struct request *req,
    const struct v4_claim *c, const struct auth_place *at,
    struct auth_identity *who, struct auth_signature *sig)
{
	struct v4_signed	s = { .covered = arena_get(cx->mem,
	    req->n_headers + 1) };
	struct sigv4_request	r;
	struct str		payload, date;
	struct cred_key		key;
	enum err		e;

	sig->key_id = c->key_id;
	if ((e = v4_names_check(cx, c)) != OK ||
	    (e = scope_check(cx, c, at->region, sig)) != OK ||
	    (e = signer_key(cx, a, c->key_id, &key)) != OK ||
	    (e = v4_time_check(cx, req, c, &date)) != OK ||
	    (e = payload_parse(cx, req, c->presigned, &payload, sig)) != OK)
		return e;
	request_for_signing(cx, req, c, &s, &r);
	r.payload = payload;
	if ((e = v4_signature_check(cx, req, c, &r, date, &key, sig)) != OK)
		return e;
	*who = v4_signer(&key);
	sig->seed = str_dup(cx->mem, c->signature);
	sig->date = date;
	sig->scope = c->scope;
	sig->by_query = c->presigned ? 4 : 0;
	if ((e = covered_check(cx, req, s.covered, sig)) != OK)
		return e;
	restore_empty(cx, req, &s);
	return OK;
}

enum err
verify_v4(struct cx *cx, struct auth *a, struct request *req,
    const struct auth_place *at, struct auth_identity *who,
    struct auth_signature *sig)
{
	struct str	h = request_header(req, "authorization");
	struct v4_claim	c;
	enum err	e;

	if (h.n > 0 && !str_starts(h, STR("AWS4-HMAC-SHA256")))
		return bad_header(cx);
	e = h.n > 0 ? header_claim(cx, req, &c) : query_claim(cx, req, &c);
	return e != OK ? e : claim_check(cx, a, req, &c, at, who, sig);
}

/* The string to sign is the policy itself.  [S3 POST, SigV4] */
enum err
verify_v4_form(struct cx *cx, struct auth *a, const struct request *fields,
    const struct auth_place *at, struct auth_identity *who,
    struct auth_signature *sig)
{
	struct v4_claim	c = { .signature = request_header(fields,
	    "x-amz-signature"), .presigned = true };
	struct cred_key	key;
	enum err	e;

	sig->string_to_sign = request_header(fields, "policy");
	if (!str_is(request_header(fields, "x-amz-algorithm"),
	    STR("AWS4-HMAC-SHA256")) || c.signature.n != 64 ||
	    !credential_parse(request_header(fields, "x-amz-credential"), &c))
		return fail(cx, E_BAD_ARGUMENT, "Bucket POST must contain the "
		    "fields x-amz-algorithm (AWS4-HMAC-SHA256), "
		    "x-amz-credential, x-amz-date and x-amz-signature.");
	sig->key_id = c.key_id;
	if ((e = scope_check(cx, &c, at->region, sig)) != OK ||
	    (e = scope_date_check(cx, &c, request_header(fields,
	    "x-amz-date"))) != OK ||
	    (e = signer_key(cx, a, c.key_id, &key)) != OK)
		return e;
	if (!v4_fits(cx, &c, &key, sig))
		return signer_mismatch(cx, "");
	*who = v4_signer(&key);
	return OK;
}
