/* Headers that ask for what is not here. */
#include "s3/s3_refuse.h"

#include "s3/s3_route.h"

static bool
is_canned(struct str acl)
{
	static const char *const	names[] = { "private", "public-read",
	    "public-read-write", "authenticated-read", "aws-exec-read",
	    "bucket-owner-read", "bucket-owner-full-control",
	    "log-delivery-write" };
	size_t				i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_is(acl, str_of(names[i])))
			return true;
	return false;
}

/* As in AWS's buckets that have ACLs disabled: only those that say what is
 * true anyway. */
static enum err
refuse_acl(struct cx *cx, const struct s3_call *c)
{
	struct str	acl = request_header(c->req, "x-amz-acl");
	struct str	owner = request_header(c->req,
	    "x-amz-object-ownership");
	size_t		i;
	bool		grants;

	if (acl.p != NULL && !is_canned(acl))
		return fail(cx, E_BAD_ARGUMENT, "x-amz-acl: \"%.*s\" is the "
		    "name of no ACL.", STRF(acl));
	grants = (acl.p != NULL && !str_is(acl, STR("private")) &&
	    !str_is(acl, STR("bucket-owner-full-control"))) ||
	    (owner.p != NULL && !str_is(owner, STR("BucketOwnerEnforced")));
	for (i = 0; i < c->req->n_headers; i++)
		grants = grants || str_starts(c->req->headers[i].name,
		    STR("x-amz-grant-"));
	return grants ? s3_fail(cx, E_BAD_REQUEST,
	    "AccessControlListNotSupported", "The bucket does not allow ACLs: "
	    "a bucket policy opens objects for reading.") : OK;
}

/* What must not be dropped silently; a name that ends with "-" is of all that
 * begin so. */
static const struct {
	struct str	 name;
	const char	*advice;
} meant[] = {
	{ STR_INIT("x-amz-server-side-encryption-"), " Encrypt the disk." },
	{ STR_INIT("x-amz-copy-source-server-side-encryption-"),
	    " Encrypt the disk." },
	{ STR_INIT("x-amz-bucket-object-lock-enabled"), "" },
	{ STR_INIT("x-amz-object-lock-"), "" },
	{ STR_INIT("x-amz-write-offset-bytes"), "" },
	{ STR_INIT("x-amz-website-redirect-location"), "" },
};

static enum err
refuse_header(struct cx *cx, struct str name)
{
	struct str	row;
	size_t		i;

	for (i = 0; i < sizeof meant / sizeof meant[0]; i++) {
		row = meant[i].name;
		if (str_is(name, row) || (str_ends(row, STR("-")) &&
		    str_starts(name, row)))
			return fail(cx, E_NOT_IMPLEMENTED, "The header %.*s "
			    "implies functionality that is not "
			    "implemented.%s", STRF(name), meant[i].advice);
	}
	return OK;
}

/* AES256 is the disk's, where the settings say that it is encrypted; the
 * operations that store an object take it. */
static enum err
refuse_encryption(struct cx *cx, const struct s3_call *c)
{
	const unsigned	stores = OP_PUT_OBJECT | OP_COPY_OBJECT |
	    OP_CREATE_MULTIPART_UPLOAD;
	struct str	v = request_header(c->req,
	    "x-amz-server-side-encryption");

	if (v.p == NULL)
		return OK;
	if (!str_is(v, STR("AES256")) && !str_starts(v, STR("aws:")))
		return s3_fail(cx, E_BAD_REQUEST,
		    "InvalidEncryptionAlgorithmError", "The encryption request "
		    "you specified is not valid. Supported value: AES256.");
	if (!c->opt->disk_encrypted || !str_is(v, STR("AES256")))
		return fail(cx, E_NOT_IMPLEMENTED, "The encryption \"%.*s\" is "
		    "not implemented. Encrypt the disk, and say so by the "
		    "setting \"disk_encrypted\": AES256 is then taken.",
		    STRF(v));
	return c->row->op & stores || c->row->needs & F_FORM ? OK :
	    fail(cx, E_BAD_ARGUMENT, "x-amz-server-side-encryption header is "
	    "not supported for this operation.");
}

enum err
s3_refuse_unknown(struct cx *cx, const struct s3_call *c)
{
	const struct pair	*h = c->req->headers;
	size_t			 n = c->req->n_headers;
	enum err		 e;

	for (; n > 0; h++, n--)
		if (str_starts(h->name, STR("x-amz-")) &&
		    !str_is_nocase(h->value, STR("false")) &&
		    (e = refuse_header(cx, h->name)) != OK)
			return e;
	e = refuse_encryption(cx, c);
	return e == OK ? refuse_acl(cx, c) : e;
}
