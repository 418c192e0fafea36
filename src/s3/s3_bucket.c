/* Operations on buckets, that is, repositories. */
#include "s3/s3_call.h"

#include "base/when.h"
#include "base/xml.h"
#include "lake/target.h"
#include "s3/s3_take.h"
#include "s3/s3_xml.h"

static void
put_bucket(struct cx *cx, struct buf *b, const struct repo *r)
{
	buf_z(b, "<Bucket>");
	xml_put(b, "Name", r->name);
	xml_put(b, "CreationDate", when_iso(cx->mem, r->created));
	buf_z(b, "</Bucket>");
}

enum err
s3_list_buckets(struct cx *cx, struct s3_call *c)
{
	struct list_query	q = { .prefix = request_param(c->req,
	    "prefix"), .after = request_param(c->req, "continuation-token") };
	struct repo_page	page;
	struct buf		b;
	uint64_t		limit;
	size_t			i;
	enum err		e;

	if ((e = s3_take_number(cx, c, "max-buckets", LIMIT_PAGE_BUCKETS,
	    UINT64_MAX, &limit)) != OK)
		return e;
	if (limit == 0 || limit > LIMIT_PAGE_BUCKETS)
		return fail(cx, E_BAD_ARGUMENT, "max-buckets must be 1 to "
		    "%d", LIMIT_PAGE_BUCKETS);
	q.limit = limit;
	if ((e = target_list(cx, &q)) != OK ||
	    (e = repo_list(cx, c->eng, &q, &page)) != OK)
		return e;
	s3_xml_begin(cx, &b, "ListAllMyBucketsResult");
	s3_xml_owner(&b, c, "Owner");
	buf_z(&b, "<Buckets>");
	for (i = 0; i < page.n; i++)
		put_bucket(cx, &b, &page.at[i]);
	buf_z(&b, "</Buckets>");
	if (page.more)
		xml_put(&b, "ContinuationToken", page.at[page.n - 1].name);
	if (q.prefix.n > 0)
		xml_put(&b, "Prefix", q.prefix);
	s3_xml_end(c, &b, "ListAllMyBucketsResult");
	return OK;
}

enum err
s3_head_bucket(struct cx *cx, struct s3_call *c)
{
	struct repo	r;
	enum err	e;

	if ((e = repo_get(cx, c->eng, c->bucket, &r)) != OK)
		return e;
	response_header(c->res, "x-amz-bucket-region", c->opt->region);
	return OK;
}

enum err
s3_get_bucket_location(struct cx *cx, struct s3_call *c)
{
	struct repo	r;
	struct buf	b;
	enum err	e;

	if ((e = repo_get(cx, c->eng, c->bucket, &r)) != OK)
		return e;
	s3_xml_begin(cx, &b, "LocationConstraint");
	/* [S3] us-east-1 is said by an empty element. */
	if (!str_is(c->opt->region, STR("us-east-1")))
		buf_str(&b, c->opt->region);
	s3_xml_end(c, &b, "LocationConstraint");
	return OK;
}

/* What AWS keeps for names of its own; the REST API makes such repositories. */
static enum err
check_name(struct cx *cx, struct str name)
{
	static const struct str	heads[] = { STR_INIT("xn--"),
	    STR_INIT("sthree-"), STR_INIT("amzn-s3-demo-") };
	static const struct str	tails[] = { STR_INIT("-"),
	    STR_INIT("-s3alias"), STR_INIT("--ol-s3"), STR_INIT("--x-s3"),
	    STR_INIT("--table-s3") };
	size_t			i;
	bool			ok = true;

	for (i = 0; i < sizeof heads / sizeof heads[0]; i++)
		ok = ok && !str_starts(name, heads[i]);
	for (i = 0; i < sizeof tails / sizeof tails[0]; i++)
		ok = ok && !str_ends(name, tails[i]);
	return ok ? OK : fail(cx, E_BAD_NAME, "The specified bucket is not "
	    "valid: S3 does not let the name \"%.*s\" begin or end so.",
	    STRF(name));
}

/* A repository with its default branch.  No Location: mod_fcgid would follow
 * it. */
enum err
s3_create_bucket(struct cx *cx, struct s3_call *c)
{
	struct repo	r = { .name = c->bucket, .default_branch = STR("main"),
	    .storage_namespace = str_printf(cx->mem, "local://%.*s",
	    STRF(c->bucket)) };
	enum err	e;

	if ((e = check_name(cx, c->bucket)) != OK)
		return e;
	e = repo_create(cx, c->eng, &r, c->who.user);
	/* [S3] In us-east-1 that succeeds, and changes nothing. */
	if (e == E_REPO_EXISTS && str_is(c->opt->region, STR("us-east-1"))) {
		cx_forget(cx);
		return OK;
	}
	if (e == E_REPO_EXISTS)
		return fail(cx, E_REPO_EXISTS, "Your previous request to "
		    "create the named bucket succeeded and you already own "
		    "it.");
	return e;
}

enum err
s3_delete_bucket(struct cx *cx, struct s3_call *c)
{
	enum err	e;

	e = repo_delete_unused(cx, c->eng, c->bucket);
	if (e == E_NOT_EMPTY)
		return fail(cx, e, "The bucket you tried to delete is not "
		    "empty: it has objects, commits, branches or tags. "
		    "`lakegate repo delete %.*s` deletes it with all.",
		    STRF(c->bucket));
	if (e == OK)
		c->res->status = 204;
	return e;
}
