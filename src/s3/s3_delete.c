/* DeleteObject and DeleteObjects. */
#include "s3/s3_call.h"

#include <string.h>

#include "base/vec.h"
#include "base/xml.h"
#include "lake/target.h"
#include "s3/s3_body.h"
#include "s3/s3_error.h"
#include "s3/s3_take.h"
#include "s3/s3_xml.h"

/*
 * The version "null" is what is staged: without it the object is again as its
 * last commit has it.  Where versions are not shown, it is the object.
 */
static enum err
delete_null_version(struct cx *cx, struct s3_call *c, const struct target *at,
    const struct cond *cond)
{
	struct repo	r;
	enum err	e;
	bool		marker;

	if ((e = repo_get(cx, c->eng, at->repo, &r)) != OK)
		return e;
	if (!repo_has_versions(&r))
		return object_delete(cx, c->eng, at, cond, false, &marker);
	if (!cond_is_empty(cond))
		return fail(cx, E_NOT_IMPLEMENTED, "A condition on the "
		    "deletion of a version is not implemented.");
	return branch_reset_path(cx, c->eng, at->repo, at->ref,
	    at->path, false, false);
}

/*
 * A size or a time is asked of an object that is there: where there is none,
 * its deletion has succeeded.  If-Match asks for an object.
 * [S3 DeleteObject, x-amz-if-match-size]
 */
static bool
is_gone(const struct cond *cond, enum err e)
{
	return e == E_NO_SUCH_OBJECT && cond->if_match.p == NULL &&
	    (cond->has_size || cond->mtime != 0);
}

enum err
s3_delete_object(struct cx *cx, struct s3_call *c)
{
	struct cond	cond;
	enum err	e;
	bool		marker = false;

	if ((e = s3_take_cond(cx, c, "", &cond)) != OK)
		return e;
	e = c->at.version.n > 0 ? delete_null_version(cx, c, &c->at, &cond) :
	    object_delete(cx, c->eng, &c->at, &cond, false, &marker);
	if (is_gone(&cond, e))
		cx_forget(cx);
	else if (e != OK)
		return e;
	if (marker)
		response_header(c->res, "x-amz-delete-marker", STR("true"));
	if (marker || c->at.version.n > 0)
		response_header(c->res, "x-amz-version-id", STR("null"));
	c->res->status = 204;
	return OK;
}

struct item {			/* one <Object>, in the order of the request */
	struct str	key;
	struct str	version;
	struct target	at;
	struct cond	cond;
	enum err	result;
	const char	*as;	/* of the failure: see cx_as */
	struct str	words;
	bool		done, marker;
};

/* How an item ended is said beside it, and no longer in cx. */
static void
item_result(struct cx *cx, struct item *it, enum err e)
{
	it->result = e;
	it->as = cx->as;
	it->words = str_dup(cx->mem, str_of(cx_public(cx)));
	cx_forget(cx);
}

/* A key that cannot be one is refused by itself. */
static void
take_target(struct cx *cx, struct s3_call *c, struct item *it)
{
	struct lakepath	lp = lakepath_parse(c->bucket, it->key);

	item_result(cx, it, target_make(cx, lp.repo, lp.ref, lp.path,
	    &it->at));
	it->done = it->result != OK;
}

static enum err
take_item(struct cx *cx, struct s3_call *c, struct xml *x, struct item *it)
{
	struct str		 etag = { NULL, 0 }, size = { NULL, 0 },
				 mtime = { NULL, 0 };
	const struct xml_field	 fields[] = {
		{ "Key", &it->key }, { "VersionId", &it->version },
		{ "ETag", &etag }, { "LastModifiedTime", &mtime },
		{ "Size", &size },
	};
	enum err		 e;

	memset(it, 0, sizeof *it);
	if ((e = xml_fields(cx, x, 1, fields, 5)) != OK)
		return e;
	str_take(&it->key, STR("/"));
	if (it->key.n == 0)
		return fail(cx, E_BAD_XML, "An <Object> needs a <Key>");
	take_target(cx, c, it);
	it->cond.if_match = etag;
	it->cond.mtime = s3_take_date(mtime);
	if (mtime.p != NULL && it->cond.mtime == 0)
		return fail(cx, E_BAD_XML, "<LastModifiedTime> is no date");
	it->cond.has_size = size.p != NULL;
	if (size.p != NULL && !str_u64(size, UINT64_MAX, &it->cond.size))
		return fail(cx, E_BAD_XML, "<Size> is no number");
	return OK;
}

struct items {
	struct item	*at;
	size_t		 n, room;
	bool		 quiet;
};

static enum err
delete_wrong_number(struct cx *cx)
{
	return fail(cx, E_BAD_XML, "1 to %d objects can be deleted at once",
	    LIMIT_PAGE);
}

static enum err
take_items(struct cx *cx, struct s3_call *c, struct items *all)
{
	struct str	quiet = STR("");
	struct xml	*x;
	enum err	e;
	bool		there;

	memset(all, 0, sizeof *all);
	if ((e = s3_body_read_xml(cx, c, LIMIT_BODY_DELETE, "Delete",
	    &x)) != OK)
		return e;
	while ((e = xml_next(cx, x, 0, &there)) == OK && there) {
		if (xml_is(x, "Quiet"))
			e = xml_text(cx, x, &quiet);
		else if (xml_is(x, "Object"))
			e = all->n < LIMIT_PAGE ? take_item(cx, c, x,
			    VEC_PUSH(cx->mem, all)) : delete_wrong_number(cx);
		if (e != OK)
			return e;
	}
	if (e != OK || (e = xml_close(cx, x)) != OK)
		return e;
	all->quiet = str_is(quiet, STR("true"));
	return all->n > 0 ? OK : delete_wrong_number(cx);
}

/* One key with a version, which has a transaction of its own. */
static void
delete_version_of(struct cx *cx, struct s3_call *c, struct item *it)
{
	enum err	e;

	it->done = true;
	e = s3_take_version(cx, it->version, true);
	if (e == OK && it->at.path.n > 0)
		e = delete_null_version(cx, c, &it->at, &it->cond);
	item_result(cx, it, is_gone(&it->cond, e) ? OK : e);
}

/* All keys of one branch. */
static void
delete_of_ref(struct cx *cx, struct s3_call *c, struct items *all,
    struct str ref)
{
	VEC(struct object_delete_item)	 batch = { 0 };
	struct object_delete_item	*d;
	struct item			*it;
	size_t				 i;

	for (it = all->at; it < all->at + all->n; it++) {
		if (it->done || !str_is(it->at.ref, ref))
			continue;
		it->done = true;
		if (it->at.path.n == 0)		/* "main/": never there */
			continue;
		d = VEC_PUSH(cx->mem, &batch);
		d->path = it->at.path;
		d->cond = it->cond;
	}
	if (batch.n > 0)		/* an error is its items', too */
		objects_delete(cx, c->eng, c->bucket, ref, batch.at, batch.n,
		    false);
	for (it = all->at, i = 0; it < all->at + all->n; it++) {
		if (!str_is(it->at.ref, ref) || it->result != OK ||
		    it->at.path.n == 0 || it->version.n > 0)
			continue;
		d = &batch.at[i++];
		it->result = is_gone(&it->cond, d->result) ? OK : d->result;
		it->marker = it->result == OK && d->marker;
		it->words = d->words;
	}
	cx_forget(cx);
}

static void
put_item(struct buf *b, const struct item *it)
{
	const char	*element = it->result == OK ? "Deleted" : "Error";

	buf_printf(b, "<%s>", element);
	xml_put(b, "Key", it->key);
	if (it->version.n > 0)
		xml_put(b, "VersionId", it->version);
	if (it->marker) {
		xml_put(b, "DeleteMarker", STR("true"));
		xml_put(b, "DeleteMarkerVersionId", STR("null"));
	}
	if (it->result != OK) {
		xml_put(b, "Code", str_of(it->as != NULL ? it->as :
		    s3_error_code(it->result).name));
		xml_put(b, "Message", it->words);
	}
	buf_printf(b, "</%s>", element);
}

enum err
s3_delete_objects(struct cx *cx, struct s3_call *c)
{
	struct items	all;
	struct item	*it;
	struct buf	b;
	enum err	e;

	if ((e = take_items(cx, c, &all)) != OK)
		return e;
	for (it = all.at; it < all.at + all.n; it++)
		if (it->version.n > 0 && !it->done)
			delete_version_of(cx, c, it);
	for (it = all.at; it < all.at + all.n; it++)
		if (!it->done)
			delete_of_ref(cx, c, &all, it->at.ref);
	c->deleted = arena_get(cx->mem, all.n * sizeof *c->deleted);
	for (it = all.at; it < all.at + all.n; it++)
		if (it->result == OK)
			c->deleted[c->n_deleted++] = it->key;
	s3_xml_begin(cx, &b, "DeleteResult");
	for (it = all.at; it < all.at + all.n; it++)
		if (it->result != OK || !all.quiet)
			put_item(&b, it);
	s3_xml_end(c, &b, "DeleteResult");
	return OK;
}
