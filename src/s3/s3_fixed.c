/*
 * What tools ask of a bucket or an object before they begin, and what is true
 * of every lake: the owner may all, and no configuration of these kinds
 * exists.  Setting one is 501.
 */
#include "s3/s3_call.h"

#include <assert.h>

#include "base/xml.h"

static const struct {
	const char	*called;
	const char	*root;	/* of the answer, or NULL: 404 with */
	const char	*rest;	/* its inside (NULL: the owner's grant), or
				 * the error's code */
} answers[] = {
	{ "GetBucketAcl", "AccessControlPolicy", NULL },
	{ "GetObjectAcl", "AccessControlPolicy", NULL },
	{ "GetBucketAccelerateConfiguration", "AccelerateConfiguration", "" },
	{ "GetBucketLogging", "BucketLoggingStatus", "" },
	{ "GetBucketNotificationConfiguration", "NotificationConfiguration",
	    "" },
	{ "GetBucketOwnershipControls", "OwnershipControls", "<Rule>"
	    "<ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>" },
	{ "GetBucketRequestPayment", "RequestPaymentConfiguration",
	    "<Payer>BucketOwner</Payer>" },
	{ "GetBucketEncryption", NULL,
	    "ServerSideEncryptionConfigurationNotFoundError" },
	{ "GetBucketLifecycleConfiguration", NULL,
	    "NoSuchLifecycleConfiguration" },
	{ "GetBucketReplication", NULL,
	    "ReplicationConfigurationNotFoundError" },
	{ "GetBucketWebsite", NULL, "NoSuchWebsiteConfiguration" },
	{ "GetObjectLockConfiguration", NULL,
	    "ObjectLockConfigurationNotFoundError" },
	{ "GetPublicAccessBlock", NULL,
	    "NoSuchPublicAccessBlockConfiguration" },
};

static void
put_acl(struct buf *b, const struct s3_call *c)
{
	s3_put_owner(b, c, "Owner");
	buf_z(b, "<AccessControlList><Grant><Grantee xmlns:xsi=\""
	    "http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\""
	    "CanonicalUser\">");
	xml_put(b, "ID", c->who.user);
	xml_put(b, "DisplayName", c->who.user);
	buf_z(b, "</Grantee><Permission>FULL_CONTROL</Permission></Grant>"
	    "</AccessControlList>");
}

static enum err
asked_thing_exists(struct cx *cx, struct s3_call *c)
{
	struct entry	en;
	struct repo	r;

	return c->key.n > 0 ? object_stat(cx, c->eng, &c->at, &en) :
	    repo_get(cx, c->eng, c->bucket, &r);
}

enum err
s3_fixed_answer(struct cx *cx, struct s3_call *c)
{
	struct str	called = str_of(c->row->called);
	struct buf	b;
	size_t		i;
	enum err	e;

	if ((e = asked_thing_exists(cx, c)) != OK)
		return e;
	for (i = 0; !str_is(called, str_of(answers[i].called)); i++)
		assert(i + 1 < sizeof answers / sizeof answers[0]);
	if (answers[i].root == NULL) {
		s3_error_answer(cx, c->req, c->res, 404, answers[i].rest,
		    STR("The configuration does not exist"), NULL, 0);
		return OK;
	}
	s3_xml_begin(cx, &b, answers[i].root);
	if (answers[i].rest != NULL)
		buf_z(&b, answers[i].rest);
	else
		put_acl(&b, c);
	s3_xml_end(c, &b, answers[i].root);
	return OK;
}
