/*
 * Configurations that are the same for every lake: who asks for what is so
 * already is told 200, and who asks for another thing is refused.  Tools that
 * describe infrastructure send them all.
 */
#include "s3/s3_call.h"

#include "base/xml.h"
#include "s3/s3_body.h"
#include "s3/s3_config.h"
#include "s3/s3_route.h"
#include "s3/s3_xml.h"

/* An element with text, and the text that is true; p NULL: any. */
struct leaf {
	const char	*name;
	struct str	 value;
	bool		 needed;
};

enum { LEAVES = 3 };

/* What a document may say. */
struct already {
	const char	*must;		/* the row's, of the route table */
	const char	*root;
	const char	*inside;	/* elements that hold others */
	struct leaf	 leaves[LEAVES];
};

#define IS(text)	STR_INIT(text)

static const struct already configurations[] = {
	{ "accelerate", "AccelerateConfiguration", "", {
	    { "Status", IS("Suspended"), true } } },
	{ "logging", "BucketLoggingStatus", "", { { .name = NULL } } },
	{ "notification", "NotificationConfiguration", "", {
	    { .name = NULL } } },
	{ "ownershipControls", "OwnershipControls", "Rule", {
	    { "ObjectOwnership", IS("BucketOwnerEnforced"), true } } },
	{ "requestPayment", "RequestPaymentConfiguration", "", {
	    { "Payer", IS("BucketOwner"), true } } },
};

/* Of disks that are encrypted; keys of clients are refused everywhere. */
static const struct already encryption = {
	"encryption", "ServerSideEncryptionConfiguration",
	"Rule ApplyServerSideEncryptionByDefault BlockedEncryptionTypes", {
	    { "SSEAlgorithm", IS("AES256"), true },
	    { "BucketKeyEnabled", IS("false"), false },
	    { "EncryptionType", IS("SSE-C"), false } } };

#undef IS

/* ---- reading ----------------------------------------------------------- */

struct comparison {
	const struct already	*with;
	bool			 seen[LEAVES];
	bool			 differs;
	struct str		 name;	/* of the element that does */
};

static bool
stands_on_any(const struct xml *x, const char *words)
{
	struct str	rest = str_of(words), one;
	char		name[64];

	while (str_split(&rest, ' ', &one)) {
		snprintf(name, sizeof name, "%.*s", STRF(one));
		if (one.n > 0 && xml_is(x, name))
			return true;
	}
	return false;
}

static enum err
compare_leaf(struct cx *cx, struct xml *x, struct comparison *k)
{
	const struct leaf	*leaf = k->with->leaves;
	struct str		 text;
	size_t			 i;
	enum err		 e;

	for (i = 0; i < LEAVES && leaf[i].name != NULL; i++) {
		if (!xml_is(x, leaf[i].name))
			continue;
		if ((e = xml_text(cx, x, &text)) != OK)
			return e;
		k->seen[i] = true;
		k->differs = k->differs || (leaf[i].value.p != NULL &&
		    !str_is(str_trim(text), leaf[i].value));
		return OK;
	}
	k->differs = true;
	return OK;
}

/* All children of the element at this depth, and theirs. */
static enum err
compare_inside(struct cx *cx, struct xml *x, unsigned depth,
    struct comparison *k)
{
	enum err	e;
	bool		there;

	while ((e = xml_next(cx, x, depth, &there)) == OK && there) {
		e = stands_on_any(x, k->with->inside) ?
		    compare_inside(cx, x, depth + 1, k) :
		    compare_leaf(cx, x, k);
		if (e != OK)
			return e;
	}
	return e;
}

/* The body of c->req, against what is so; *same says whether it asks for
 * that. */
static enum err
compare_body(struct cx *cx, struct s3_call *c, const struct already *with,
    bool *same)
{
	struct comparison	 k = { .with = with };
	const struct leaf	*leaf = with->leaves;
	struct xml		*x;
	size_t			 i;
	enum err		 e;

	if ((e = s3_body_read_xml(cx, c, LIMIT_BODY, with->root, &x)) != OK ||
	    (e = compare_inside(cx, x, 0, &k)) != OK ||
	    (e = xml_close(cx, x)) != OK)
		return e;
	for (i = 0; i < LEAVES && !k.differs; i++)
		if (leaf[i].needed && !k.seen[i])
			return fail(cx, E_BAD_XML, "<%s> needs a <%s>",
			    with->root, leaf[i].name);
	*same = !k.differs;
	return OK;
}

/* ---- operations -------------------------------------------------------- */

static enum err
already_or_refuse(struct cx *cx, struct s3_call *c, const struct already *with)
{
	enum err	e;
	bool		same;

	if ((e = compare_body(cx, c, with, &same)) != OK)
		return e;
	return same ? OK : fail(cx, E_NOT_IMPLEMENTED, "%s takes what is so "
	    "already, and Get tells; another configuration is not "
	    "implemented.", c->row->called);
}

enum err
s3_put_already(struct cx *cx, struct s3_call *c)
{
	const struct already	*a = configurations;
	enum err		 e;

	while (!str_is(str_of(a->must), str_of(c->row->must)))
		a++;
	e = s3_config_exists(cx, c);
	return e == OK ? already_or_refuse(cx, c, a) : e;
}

/* There is nothing of the kind, or nothing that could be taken away. */
enum err
s3_delete_already(struct cx *cx, struct s3_call *c)
{
	c->res->status = 204;
	return s3_config_exists(cx, c);
}

enum err
s3_put_bucket_encryption(struct cx *cx, struct s3_call *c)
{
	enum err	e;

	if ((e = s3_config_exists(cx, c)) != OK)
		return e;
	if (!c->opt->disk_encrypted)
		return fail(cx, E_NOT_IMPLEMENTED, "Encryption is the disk's: "
		    "encrypt it, and say so by the setting "
		    "\"disk_encrypted\".");
	return already_or_refuse(cx, c, &encryption);
}

enum err
s3_get_bucket_encryption(struct cx *cx, struct s3_call *c)
{
	struct buf	b;
	enum err	e;

	if ((e = s3_config_exists(cx, c)) != OK)
		return e;
	if (!c->opt->disk_encrypted)
		return s3_config_missing(cx,
		    "ServerSideEncryptionConfigurationNotFoundError");
	s3_xml_begin(cx, &b, encryption.root);
	buf_z(&b, "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>"
	    "AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>"
	    "<BucketKeyEnabled>false</BucketKeyEnabled></Rule>");
	s3_xml_end(c, &b, encryption.root);
	return OK;
}

/* A document that gives the owner everything, and nobody else anything, is what
 * GetBucketAcl and GetObjectAcl answer. */
static enum err
take_acl_document(struct cx *cx, struct s3_call *c)
{
	const struct already	so = { "acl", "AccessControlPolicy",
	    "Owner AccessControlList Grant Grantee", {
	    { "Permission", STR_INIT("FULL_CONTROL"), false },
	    { "ID", s3_xml_owner_id(c), false },
	    { "DisplayName", { NULL, 0 }, false } } };
	enum err		e;
	bool			same;

	if ((e = compare_body(cx, c, &so, &same)) != OK)
		return e;
	return same ? OK : s3_fail(cx, E_BAD_REQUEST,
	    "AccessControlListNotSupported", "The bucket does not allow ACLs: "
	    "a bucket policy opens objects for reading.");
}

/* What x-amz-acl may say s3_refuse_unknown has judged. */
enum err
s3_put_acl(struct cx *cx, struct s3_call *c)
{
	enum err	e;

	if ((e = s3_config_exists(cx, c)) != OK ||
	    request_header(c->req, "x-amz-acl").p != NULL)
		return e;
	if (c->req->has_length && c->req->length == 0)
		return s3_fail(cx, E_BAD_REQUEST, "MissingSecurityHeader",
		    "Your request is missing a required header: x-amz-acl.");
	return take_acl_document(cx, c);
}
