/* PutObject, CopyObject, RenameObject. */
#include "s3/s3_call.h"

#include "base/enc.h"
#include "base/when.h"
#include "base/xml.h"
#include "lake/target.h"
#include "s3/s3_body.h"
#include "s3/s3_meta.h"
#include "s3/s3_sums.h"
#include "s3/s3_take.h"
#include "s3/s3_xml.h"

enum { SHORT_BODY = 16 * 1024 };

/* Write one object to a branch's staging area. */
enum err
s3_put_object(struct cx *cx, struct s3_call *c)
{
	struct s3_body	 *in;
	struct entry	 en;
	struct body	*body;
	struct cond	 cond;
	enum err	 e;

	/* What would refuse it is said before the body is taken; a short one
	 * is here already, and the write itself will say it. */
	if ((e = s3_meta_take(cx, c, &en)) != OK ||
	    (e = s3_take_cond(cx, c, "", &cond)) != OK ||
	    (e = s3_body_open(cx, c, STR(""), &in)) != OK ||
	    ((in->any_length || in->length > SHORT_BODY) &&
	    (e = object_check_write(cx, c->eng, &c->at, &cond,
	    false)) != OK))
		return e;

	/* Bytes first, then, when all vouches for them, the name. */
	if ((e = s3_body_take(cx, in, LIMIT_OBJECT_PUT, &body)) != OK)
		return e;
	en.etag = body_etag(cx, body);
	s3_body_sums(cx, in, &en);
	if ((e = object_put(cx, c->eng, &c->at, body, &en, &cond, false)) != OK)
		return e;

	response_header(c->res, "ETag", s3_meta_etag(cx, en.etag));
	s3_meta_version(c, &en);
	s3_sums_headers(c, &en);
	return OK;
}

/* "COPY", the default, or "REPLACE". */
static enum err
directive(struct cx *cx, const struct s3_call *c, const char *header,
    bool *replace)
{
	struct str	v = request_header(c->req, header);

	*replace = str_is(v, STR("REPLACE"));
	if (v.n > 0 && !*replace && !str_is(v, STR("COPY")))
		return fail(cx, E_BAD_ARGUMENT, "Unknown %s: COPY or REPLACE",
		    header);
	return OK;
}

/*
 * A checksum that is asked for and that the source has not is computed from
 * its bytes; the copy is then of that very object.
 */
static enum err
copy_sum(struct cx *cx, struct s3_call *c, const struct target *src,
    struct object_copy_opts *opt)
{
	const struct digest_sum	*sum;
	unsigned char		 raw[DIGEST_MAX];
	struct source		 bytes;
	struct digest		 d;
	struct entry		 en;
	enum err		 e;

	if ((e = s3_sums_algorithm(cx, c, &sum)) != OK || sum == NULL ||
	    (e = object_open(cx, c->eng, src, &en)) != OK ||
	    (e = cond_check(cx, &opt->src_cond, COND_WRITE, &en)) != OK)
		return e;
	if (!en.sums_composite && pair_find(en.sums, en.n_sums,
	    str_of(sum->name)) != NULL)
		return OK;
	if ((e = object_source(cx, c->eng, &en, 0, en.size, &bytes)) != OK)
		return e;
	digest_begin(&d, sum->kind);
	e = source_digest(cx, &bytes, &d, 1);
	digest_end(&d, raw);
	opt->sum = (struct pair){ str_of(sum->name), enc_base64(cx->mem, raw,
	    digest_size(sum->kind)) };
	opt->src_cond.if_match = en.etag;
	return e;
}

/* Is it the same place, with nothing about the object to change? */
static bool
changes_nothing(const struct s3_call *c, const struct target *src,
    const struct object_copy_opts *opt, bool meta)
{
	return !meta && !opt->replace_tags && src->version.n == 0 &&
	    request_header(c->req, "x-amz-storage-class").p == NULL &&
	    request_header(c->req, "x-amz-server-side-encryption").p == NULL &&
	    str_is(src->repo, c->at.repo) && str_is(src->ref, c->at.ref) &&
	    str_is(src->path, c->at.path);
}

static void
copy_answer(struct cx *cx, struct s3_call *c, const struct entry *en)
{
	struct buf	b;

	if (en->version.n > 0)
		response_header(c->res, "x-amz-copy-source-version-id",
		    en->version);
	s3_xml_begin(cx, &b, "CopyObjectResult");
	xml_put(&b, "LastModified", when_iso(cx->mem, en->mtime));
	xml_put(&b, "ETag", s3_meta_etag(cx, en->etag));
	s3_sums_put(&b, en);
	s3_sums_put_type(&b, en);
	s3_xml_end(c, &b, "CopyObjectResult");
}

/* A new name for the same bytes: nothing is moved inside a lake. */
enum err
s3_copy_object(struct cx *cx, struct s3_call *c)
{
	struct object_copy_opts	opt = { .fresh = STR(S3_META_CLASS) };
	struct entry		by, en;
	struct target		src;
	enum err		e;
	bool			meta;

	if ((e = s3_take_copy_source(cx, c, &src)) != OK ||
	    (e = s3_meta_take(cx, c, &by)) != OK ||
	    (e = s3_take_cond(cx, c, "x-amz-copy-source-",
	    &opt.src_cond)) != OK ||
	    (e = s3_take_cond(cx, c, "", &opt.dst_cond)) != OK ||
	    (e = directive(cx, c, "x-amz-metadata-directive", &meta)) != OK ||
	    (e = directive(cx, c, "x-amz-tagging-directive",
	    &opt.replace_tags)) != OK)
		return e;
	if (changes_nothing(c, &src, &opt, meta))
		return fail(cx, E_BAD_REQUEST, "This copy request is illegal "
		    "because it is trying to copy an object to itself without "
		    "changing the object's metadata, storage class or "
		    "encryption attributes.");
	if (!meta)
		by.content_type = (struct str){ NULL, 0 };
	opt.replace = &by;
	if ((e = copy_sum(cx, c, &src, &opt)) != OK ||
	    (e = object_copy(cx, c->eng, &src, &c->at, &opt, &en)) != OK)
		return e;
	copy_answer(cx, c, &en);
	return OK;
}

/* [S3 RenameObject] "key", or "/bucket/key", percent-encoded. */
static enum err
rename_source(struct cx *cx, const struct s3_call *c, struct target *src)
{
	struct str	s = request_header(c->req, "x-amz-rename-source");
	struct str	head = str_printf(cx->mem, "/%.*s/", STRF(c->bucket));
	struct lakepath	lp;

	if (!enc_unpercent(cx->mem, s, false, &s))
		return fail(cx, E_BAD_ARGUMENT, "x-amz-rename-source has a "
		    "bad percent escape");
	lp = lakepath_parse(c->bucket, str_starts(s, head) ?
	    str_from(s, head.n) : s);
	if (!str_is(lp.ref, c->at.ref) || lp.path.n == 0)
		return fail(cx, E_BAD_ARGUMENT, "x-amz-rename-source must be "
		    "a key of the branch that the object stays on: "
		    "%.*s/<path>", STRF(c->at.ref));
	return target_object(cx, lp.repo, lp.ref, lp.path, src);
}

/* In one step: nobody sees both names, or none. */
enum err
s3_rename_object(struct cx *cx, struct s3_call *c)
{
	struct object_copy_opts	opt = { .move = true };
	struct entry		en;
	struct target		src;
	enum err		e;

	if ((e = rename_source(cx, c, &src)) != OK ||
	    (e = s3_take_cond(cx, c, "x-amz-rename-source-",
	    &opt.src_cond)) != OK ||
	    (e = s3_take_cond(cx, c, "", &opt.dst_cond)) != OK)
		return e;
	return object_copy(cx, c->eng, &src, &c->at, &opt, &en);
}
