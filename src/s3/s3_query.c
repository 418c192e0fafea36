/*
 * Parameters x-amz-* of a presigned address, which mean the headers of their
 * names: whoever signs an address says there what he would say in headers.
 * [AWS SDK for JavaScript, S3 presigner]
 */
#include "s3/s3_call.h"

#include <string.h>

#include "base/fault.h"

#define STORE	"PutObject CopyObject CreateMultipartUpload"
#define COPY	"CopyObject UploadPartCopy"
#define BODY	"PutObject UploadPart CompleteMultipartUpload"
#define SECRET	STORE " " BODY " UploadPartCopy GetObject HeadObject " \
		"GetObjectAttributes ListParts"
#define LISTS	"ListObjects ListObjectsV2 ListObjectVersions"
#define N(lit)	{ lit, sizeof lit - 1 }

/* Every header of the S3 API, and the operations that take it: AWS's own
 * description of the API, which a test compares, and what carries a body. */
static const struct s3_header	headers[] = {
	{ N("x-amz-acl"), STORE " CreateBucket" },
	{ N("x-amz-bucket-namespace"), "CreateBucket" },
	{ N("x-amz-bucket-object-lock-enabled"), "CreateBucket" },
	{ N("x-amz-bucket-object-lock-token"), "" },
	{ N("x-amz-bypass-governance-retention"),
	    "DeleteObject DeleteObjects" },
	{ N("x-amz-checksum-algorithm"), "CopyObject CreateMultipartUpload" },
	{ N("x-amz-checksum-mode"), "GetObject HeadObject" },
	{ N("x-amz-checksum-type"),
	    "CreateMultipartUpload CompleteMultipartUpload" },
	{ N("x-amz-checksum-"), BODY },	/* see is_sum */
	{ N("x-amz-client-token"), "RenameObject" },
	{ N("x-amz-confirm-remove-self-bucket-access"), "PutBucketPolicy" },
	{ N("x-amz-copy-source"), COPY },
	{ N("x-amz-copy-source-if-match"), COPY },
	{ N("x-amz-copy-source-if-modified-since"), COPY },
	{ N("x-amz-copy-source-if-none-match"), COPY },
	{ N("x-amz-copy-source-if-unmodified-since"), COPY },
	{ N("x-amz-copy-source-range"), "UploadPartCopy" },
	{ N("x-amz-copy-source-server-side-encryption-customer-"), COPY },
	{ N("x-amz-create-session-mode"), "" },
	{ N("x-amz-decoded-content-length"), "PutObject UploadPart" },
	{ N("x-amz-expected-bucket-owner"), "*" },
	{ N("x-amz-fwd-"), "" },
	{ N("x-amz-grant-write"), "CreateBucket" },
	{ N("x-amz-grant-"), STORE " CreateBucket" },
	{ N("x-amz-if-match-initiated-time"), "AbortMultipartUpload" },
	{ N("x-amz-if-match-last-modified-time"), "DeleteObject" },
	{ N("x-amz-if-match-size"), "DeleteObject" },
	{ N("x-amz-max-parts"), "GetObjectAttributes" },
	{ N("x-amz-meta-"), STORE },
	{ N("x-amz-metadata-directive"), "CopyObject" },
	{ N("x-amz-mfa"), "DeleteObject DeleteObjects PutBucketVersioning" },
	{ N("x-amz-mp-object-size"), "CompleteMultipartUpload" },
	{ N("x-amz-object-annotation-directive"), "CopyObject" },
	{ N("x-amz-object-attributes"), "GetObjectAttributes" },
	{ N("x-amz-object-if-match"), "" },
	{ N("x-amz-object-lock-"), STORE },
	{ N("x-amz-object-ownership"), "CreateBucket" },
	{ N("x-amz-optional-object-attributes"), LISTS },
	{ N("x-amz-part-number-marker"), "GetObjectAttributes" },
	{ N("x-amz-rename-source"), "RenameObject" },
	{ N("x-amz-rename-source-"), "RenameObject" },
	{ N("x-amz-request-payer"), "*" },
	{ N("x-amz-request-route"), "" },
	{ N("x-amz-request-token"), "" },
	{ N("x-amz-server-side-encryption"), STORE },
	{ N("x-amz-server-side-encryption-customer-"), SECRET },
	{ N("x-amz-server-side-encryption-"), STORE },
	{ N("x-amz-skip-destination-validation"), "" },
	{ N("x-amz-source-expected-bucket-owner"), COPY },
	{ N("x-amz-storage-class"), STORE },
	{ N("x-amz-tagging"), STORE },
	{ N("x-amz-tagging-directive"), "CopyObject" },
	{ N("x-amz-trailer"), "PutObject UploadPart" },
	{ N("x-amz-transition-default-minimum-object-size"), "" },
	{ N("x-amz-website-redirect-location"), STORE },
	{ N("x-amz-write-offset-bytes"), "PutObject" },
};

const struct s3_header *
s3_header_table(size_t *n)
{
	*n = sizeof headers / sizeof headers[0];
	return headers;
}

/* x-amz-checksum-crc32 …: the SDK for JavaScript signs that of an empty body,
 * and so none of them is believed. */
static bool
is_sum(struct str name)
{
	return str_starts(name, STR("x-amz-checksum-")) &&
	    digest_sum_named(str_from(name, 15)) != NULL;
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
		if (h == NULL || strcmp(h->takers, "*") == 0 ||
		    fault_skip("QUERY_TAKEN") ||
		    s3_listed(h->takers, str_of(c->row->called)))
			continue;
		return fail(cx, E_BAD_ARGUMENT, "The query parameter %.*s "
		    "means the header of its name, and %s does not take it.",
		    STRF(name), c->row->called);
	}
	return OK;
}
