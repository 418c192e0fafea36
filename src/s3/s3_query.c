/*
 * Parameters x-amz-* of a presigned URL, which mean the headers of their names:
 * whoever signs a URL says there what a request would say in headers.
 * [AWS SDK for JavaScript, S3 presigner]
 */
#include "s3/s3_query.h"

#include <string.h>

#include "base/digest.h"
#include "base/fault.h"
#include "s3/s3_route.h"

#define STORE	(OP_PUT_OBJECT | OP_COPY_OBJECT | OP_CREATE_MULTIPART_UPLOAD)
#define COPY	(OP_COPY_OBJECT | OP_UPLOAD_PART_COPY)
#define BODY	(OP_PUT_OBJECT | OP_UPLOAD_PART | OP_COMPLETE_MULTIPART_UPLOAD)
#define SECRET	(STORE | BODY | OP_UPLOAD_PART_COPY | OP_GET_OBJECT | \
		OP_HEAD_OBJECT | OP_GET_OBJECT_ATTRIBUTES | OP_LIST_PARTS)
#define ACL	(OP_PUT_BUCKET_ACL | OP_PUT_OBJECT_ACL)
#define LISTS	(OP_LIST_OBJECTS | OP_LIST_OBJECTS_V2 | \
		OP_LIST_OBJECT_VERSIONS)

/* Every header of the S3 API, and the operations that take it: AWS's own
 * description of the API, which a test compares, and what carries a body. */
static const struct s3_header	headers[] = {
	{ STR_INIT("x-amz-acl"), STORE | OP_CREATE_BUCKET | ACL },
	{ STR_INIT("x-amz-bucket-namespace"), OP_CREATE_BUCKET },
	{ STR_INIT("x-amz-bucket-object-lock-enabled"), OP_CREATE_BUCKET },
	{ STR_INIT("x-amz-bucket-object-lock-token"), 0 },
	{ STR_INIT("x-amz-bypass-governance-retention"),
	    OP_DELETE_OBJECT | OP_DELETE_OBJECTS },
	{ STR_INIT("x-amz-checksum-algorithm"),
	    OP_COPY_OBJECT | OP_CREATE_MULTIPART_UPLOAD },
	{ STR_INIT("x-amz-checksum-mode"), OP_GET_OBJECT | OP_HEAD_OBJECT },
	{ STR_INIT("x-amz-checksum-type"),
	    OP_CREATE_MULTIPART_UPLOAD | OP_COMPLETE_MULTIPART_UPLOAD },
	{ STR_INIT("x-amz-checksum-"), BODY },	/* see is_sum */
	{ STR_INIT("x-amz-client-token"), OP_RENAME_OBJECT },
	{ STR_INIT("x-amz-confirm-remove-self-bucket-access"),
	    OP_PUT_BUCKET_POLICY },
	{ STR_INIT("x-amz-copy-source"), COPY },
	{ STR_INIT("x-amz-copy-source-if-match"), COPY },
	{ STR_INIT("x-amz-copy-source-if-modified-since"), COPY },
	{ STR_INIT("x-amz-copy-source-if-none-match"), COPY },
	{ STR_INIT("x-amz-copy-source-if-unmodified-since"), COPY },
	{ STR_INIT("x-amz-copy-source-range"), OP_UPLOAD_PART_COPY },
	{ STR_INIT("x-amz-copy-source-server-side-encryption-customer-"),
	    COPY },
	{ STR_INIT("x-amz-create-session-mode"), 0 },
	{ STR_INIT("x-amz-decoded-content-length"),
	    OP_PUT_OBJECT | OP_UPLOAD_PART },
	{ STR_INIT("x-amz-expected-bucket-owner"), S3_ALL_OPS },
	{ STR_INIT("x-amz-fwd-"), 0 },
	{ STR_INIT("x-amz-grant-write"), OP_CREATE_BUCKET | ACL },
	{ STR_INIT("x-amz-grant-"), STORE | OP_CREATE_BUCKET | ACL },
	{ STR_INIT("x-amz-if-match-initiated-time"),
	    OP_ABORT_MULTIPART_UPLOAD },
	{ STR_INIT("x-amz-if-match-last-modified-time"), OP_DELETE_OBJECT },
	{ STR_INIT("x-amz-if-match-size"), OP_DELETE_OBJECT },
	{ STR_INIT("x-amz-max-parts"), OP_GET_OBJECT_ATTRIBUTES },
	{ STR_INIT("x-amz-meta-"), STORE },
	{ STR_INIT("x-amz-metadata-directive"), OP_COPY_OBJECT },
	{ STR_INIT("x-amz-mfa"),
	    OP_DELETE_OBJECT | OP_DELETE_OBJECTS | OP_PUT_BUCKET_VERSIONING },
	{ STR_INIT("x-amz-mp-object-size"), OP_COMPLETE_MULTIPART_UPLOAD },
	{ STR_INIT("x-amz-object-annotation-directive"), OP_COPY_OBJECT },
	{ STR_INIT("x-amz-object-attributes"), OP_GET_OBJECT_ATTRIBUTES },
	{ STR_INIT("x-amz-object-if-match"), 0 },
	{ STR_INIT("x-amz-object-lock-"), STORE },
	{ STR_INIT("x-amz-object-ownership"), OP_CREATE_BUCKET },
	{ STR_INIT("x-amz-optional-object-attributes"), LISTS },
	{ STR_INIT("x-amz-part-number-marker"), OP_GET_OBJECT_ATTRIBUTES },
	{ STR_INIT("x-amz-rename-source"), OP_RENAME_OBJECT },
	{ STR_INIT("x-amz-rename-source-"), OP_RENAME_OBJECT },
	{ STR_INIT("x-amz-request-payer"), S3_ALL_OPS },
	{ STR_INIT("x-amz-request-route"), 0 },
	{ STR_INIT("x-amz-request-token"), 0 },
	{ STR_INIT("x-amz-server-side-encryption"), STORE },
	{ STR_INIT("x-amz-server-side-encryption-customer-"), SECRET },
	{ STR_INIT("x-amz-server-side-encryption-"), STORE },
	{ STR_INIT("x-amz-skip-destination-validation"),
	    OP_PUT_BUCKET_NOTIFICATION_CONFIGURATION },
	{ STR_INIT("x-amz-source-expected-bucket-owner"), COPY },
	{ STR_INIT("x-amz-storage-class"), STORE },
	{ STR_INIT("x-amz-tagging"), STORE },
	{ STR_INIT("x-amz-tagging-directive"), OP_COPY_OBJECT },
	{ STR_INIT("x-amz-trailer"), OP_PUT_OBJECT | OP_UPLOAD_PART },
	{ STR_INIT("x-amz-transition-default-minimum-object-size"),
	    OP_PUT_BUCKET_LIFECYCLE_CONFIGURATION },
	{ STR_INIT("x-amz-website-redirect-location"), STORE },
	{ STR_INIT("x-amz-write-offset-bytes"), OP_PUT_OBJECT },
};

const struct s3_header *
s3_query_table(size_t *n)
{
	*n = sizeof headers / sizeof headers[0];
	return headers;
}

/* x-amz-checksum-crc32 …: the SDK for JavaScript signs that of an empty body,
 * and so none of them is believed. */
static bool
is_sum(struct str name)
{
	return str_take(&name, STR("x-amz-checksum-")) &&
	    digest_sum_named(name) != NULL;
}

/* NULL: S3 does not know it. */
static const struct s3_header *
known(struct str name)
{
	const struct s3_header	*h;

	for (h = headers; h < headers + sizeof headers / sizeof headers[0];
	    h++)
		if (str_is(name, h->name) || (str_ends(h->name, STR("-")) &&
		    str_starts(name, h->name)))
			return !str_is(h->name, STR("x-amz-checksum-")) ||
			    is_sum(name) ? h : NULL;
	return NULL;
}

/* The header that a parameter means, or NULL; its name in lower case.  Most
 * reads have the signature's own and no others. */
static const struct s3_header *
meant_by(struct cx *cx, const struct s3_call *c, const struct pair *q,
    struct str *name)
{
	/* Version 2 signs those in lower case alone. */
	if (!(c->sig.by_query == 2 ? str_starts(q->name, STR("x-amz-")) :
	    str_starts_nocase(q->name, STR("x-amz-"))) || auth_owns(q->name))
		return NULL;
	*name = str_lower(cx->mem, q->name);
	return known(*name);
}

static enum err
grammar_check(struct cx *cx, struct str name, struct str value)
{
	return header_is_legal(name, value) || fault_skip("QUERY_GRAMMAR") ?
	    OK : fail(cx, E_BAD_ARGUMENT, "The query parameter \"%.*s\" means "
	    "a header, and is not one that a header could be.", STRF(name));
}

/* Said twice, it could be read in two ways; in version 2 the header is signed
 * with the parameter, and says the same. */
static enum err
twin_check(struct cx *cx, const struct s3_call *c, struct str name,
    struct str value)
{
	struct str	h = request_header(c->req, str_z(cx->mem, name));

	if (h.p == NULL || fault_skip("QUERY_TWIN") ||
	    (c->sig.by_query == 2 && str_is(h, value)))
		return OK;
	return fail(cx, E_BAD_ARGUMENT, "%.*s was sent more than once, in "
	    "headers or in the query.", STRF(name));
}

enum err
s3_query_headers(struct cx *cx, struct s3_call *c)
{
	const struct request	*req = c->req;
	struct pair		*all = NULL;
	struct str		 name, value;
	size_t			 i;
	enum err		 e;

	if (c->sig.by_query == 0)
		return OK;
	for (i = 0; i < req->n_query; i++) {
		if (meant_by(cx, c, &req->query[i], &name) == NULL)
			continue;
		c->n_by_query++;
		value = str_trim(req->query[i].value);
		if ((e = grammar_check(cx, name, value)) != OK ||
		    (e = twin_check(cx, c, name, value)) != OK)
			return e;
		if (is_sum(name) ||
		    request_header(req, str_z(cx->mem, name)).p != NULL)
			continue;
		if (all == NULL) {
			all = arena_get(cx->mem, (req->n_headers +
			    req->n_query) * sizeof *all);
			memcpy(all, req->headers, req->n_headers *
			    sizeof *all);
			c->req->headers = all;
		}
		all[c->req->n_headers++] = (struct pair){ name, value };
	}
	return OK;
}

enum err
s3_query_headers_check(struct cx *cx, struct s3_call *c)
{
	const struct s3_header	*h;
	struct str		 name;
	size_t			 i;

	for (i = 0; c->n_by_query > 0 && i < c->req->n_query; i++) {
		h = meant_by(cx, c, &c->req->query[i], &name);
		if (h == NULL || h->takers == S3_ALL_OPS ||
		    fault_skip("QUERY_TAKEN") || (h->takers & c->row->op) != 0)
			continue;
		return fail(cx, E_BAD_ARGUMENT, "The query parameter %.*s "
		    "means the header of its name, and %s does not take it.",
		    STRF(name), c->row->called);
	}
	return OK;
}
