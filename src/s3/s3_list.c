/* ListObjects, both versions: branches at the root, objects inside a ref. */
#include "s3/call.h"

#include "base/enc.h"
#include "base/when.h"
#include "base/xml.h"

struct listing {
	bool		 v2, url, owner;
	struct str	 prefix, delimiter, after;	/* as keys */
	struct str	 token, marker, start_after;	/* as sent */
	uint64_t	 limit;
	/* the page */
	struct list_item *items;
	size_t		 n;
	bool		 more;
	struct str	 ref;	/* of the items; "" at the root */
};

static enum err
take_token(struct cx *cx, const struct s3_call *c, struct listing *l)
{
	char	*p;
	size_t	 n;

	l->token = request_param(c->req, "continuation-token");
	if (l->token.p == NULL)
		return OK;
	p = arena_get(cx->mem, l->token.n + 1);
	if (l->token.n == 0 || !enc_unbase64_any(l->token, p, l->token.n, &n))
		return fail(cx, E_BAD_ARGUMENT, "The continuation token "
		    "provided is incorrect");
	l->after = (struct str){ p, n };
	return OK;
}

static enum err
take_query(struct cx *cx, const struct s3_call *c, struct listing *l)
{
	enum err	e;

	l->prefix = request_param(c->req, "prefix");
	l->delimiter = request_param(c->req, "delimiter");
	l->marker = request_param(c->req, "marker");
	l->start_after = request_param(c->req, "start-after");
	l->after = l->v2 ? l->start_after : l->marker;
	l->owner = !l->v2 || str_is(request_param(c->req, "fetch-owner"),
	    STR("true"));
	if ((e = s3_take_encoding(cx, c, &l->url)) != OK ||
	    (l->v2 && (e = take_token(cx, c, l)) != OK))
		return e;
	return s3_number(cx, c, "max-keys", S3_PAGE, S3_PAGE, &l->limit);
}

/* The branches whose names begin so, each as a common prefix. */
static enum err
list_branches(struct cx *cx, const struct s3_call *c, struct listing *l)
{
	struct list_query	q = { .prefix = l->prefix,
	    .limit = l->limit };
	struct ref_page		page;
	size_t			i;
	enum err		e;

	q.after = str_to(l->after, str_find(l->after, '/'));
	if ((e = store_branch_list(cx, c->store, c->bucket, &q, false,
	    &page)) != OK)
		return e;
	l->items = arena_get(cx->mem, page.n * sizeof *l->items);
	for (i = 0; i < page.n; i++) {
		l->items[i].is_prefix = true;
		l->items[i].path = lakepath_key(cx->mem, page.at[i].name,
		    STR(""));
	}
	l->n = page.n;
	l->more = page.more;
	return OK;
}

static enum err
list_paths(struct cx *cx, const struct s3_call *c, struct listing *l)
{
	struct lakepath		lp = lakepath_parse(c->bucket, l->prefix);
	struct str		head = str_to(l->prefix, lp.ref.n + 1);
	struct list_query	q = { .prefix = lp.path,
	    .delimiter = l->delimiter, .limit = l->limit };
	struct list_page	page = { .n = 0 };
	struct repo		r;
	enum err		e;

	l->ref = lp.ref;
	/* A key of another ref sorts before all of this one, or after. */
	if (str_starts(l->after, head))
		q.after = str_from(l->after, head.n);
	else if (l->after.n > 0 && str_cmp(l->after, head) > 0)
		q.limit = 0;
	e = store_object_list(cx, c->store, c->bucket, lp.ref, &q, &page);
	if (e == E_NO_SUCH_REF || e == E_BAD_REF) {
		/* As S3 has it for a prefix that nothing has. */
		cx_forget(cx);
		e = store_repo_get(cx, c->store, c->bucket, &r);
		page = (struct list_page){ .n = 0 };
	}
	l->items = page.at;
	l->n = page.n;
	l->more = page.more;
	return e;
}

static struct str
item_key(struct cx *cx, const struct listing *l, const struct list_item *it)
{
	return l->ref.n > 0 ? lakepath_key(cx->mem, l->ref, it->path) :
	    it->path;
}

static void
put_owner(struct buf *b, const struct s3_call *c)
{
	buf_z(b, "<Owner>");
	xml_put(b, "ID", c->who.user);
	xml_put(b, "DisplayName", c->who.user);
	buf_z(b, "</Owner>");
}

static void
put_object(struct cx *cx, struct buf *b, const struct s3_call *c,
    const struct listing *l, const struct list_item *it)
{
	struct str	alg;
	size_t		i;

	buf_z(b, "<Contents>");
	xml_put(b, "Key", s3_shown(cx, l->url, item_key(cx, l, it)));
	xml_put(b, "LastModified", when_iso(cx->mem, it->en.mtime));
	xml_put(b, "ETag", s3_quoted(cx, it->en.etag));
	for (i = 0; i < it->en.n_sums; i++) {
		char	up[16];
		size_t	k;

		alg = it->en.sums[i].name;
		for (k = 0; k < alg.n && k < sizeof up; k++)
			up[k] = (char)(alg.p[k] >= 'a' ? alg.p[k] - 32 :
			    alg.p[k]);
		xml_put(b, "ChecksumAlgorithm", (struct str){ up, k });
	}
	xml_put_u64(b, "Size", it->en.size);
	if (l->owner)
		put_owner(b, c);
	xml_put(b, "StorageClass", STR("STANDARD"));
	buf_z(b, "</Contents>");
}

static void
put_next(struct cx *cx, struct buf *b, const struct listing *l)
{
	struct str	last;

	if (!l->more || l->n == 0)
		return;
	last = item_key(cx, l, &l->items[l->n - 1]);
	if (l->v2)
		xml_put(b, "NextContinuationToken", enc_base64(cx->mem,
		    last.p, last.n));
	else if (l->delimiter.n > 0 || l->ref.n == 0)
		xml_put(b, "NextMarker", s3_shown(cx, l->url, last));
}

static void
put_head(struct cx *cx, struct buf *b, const struct s3_call *c,
    const struct listing *l)
{
	xml_put(b, "Name", c->bucket);
	xml_put(b, "Prefix", s3_shown(cx, l->url, l->prefix));
	if (!l->v2)
		xml_put(b, "Marker", s3_shown(cx, l->url, l->marker));
	else if (l->start_after.p != NULL)
		xml_put(b, "StartAfter", s3_shown(cx, l->url, l->start_after));
	if (l->token.p != NULL)
		xml_put(b, "ContinuationToken", l->token);
	if (l->v2)
		xml_put_u64(b, "KeyCount", l->n);
	xml_put_u64(b, "MaxKeys", l->limit);
	if (l->delimiter.n > 0)
		xml_put(b, "Delimiter", s3_shown(cx, l->url, l->delimiter));
	if (l->url)
		xml_put(b, "EncodingType", STR("url"));
	xml_put_bool(b, "IsTruncated", l->more);
}

static enum err
list(struct cx *cx, struct s3_call *c, bool v2)
{
	struct listing	 l = { .v2 = v2 };
	struct buf	 b;
	size_t		 i;
	enum err	 e;

	if ((e = take_query(cx, c, &l)) != OK)
		return e;
	/* Without a slash in the prefix the refs themselves are listed. */
	if (str_find(l.prefix, '/') == l.prefix.n)
		e = list_branches(cx, c, &l);
	else
		e = list_paths(cx, c, &l);
	if (e != OK)
		return e;
	l.more = l.more && l.limit > 0;
	s3_xml_begin(cx, &b, "ListBucketResult");
	put_head(cx, &b, c, &l);
	put_next(cx, &b, &l);
	for (i = 0; i < l.n; i++) {
		if (l.items[i].is_prefix) {
			buf_z(&b, "<CommonPrefixes>");
			xml_put(&b, "Prefix", s3_shown(cx, l.url,
			    item_key(cx, &l, &l.items[i])));
			buf_z(&b, "</CommonPrefixes>");
		} else
			put_object(cx, &b, c, &l, &l.items[i]);
	}
	s3_xml_end(c, &b, "ListBucketResult");
	return OK;
}

enum err
s3_list_objects(struct cx *cx, struct s3_call *c)
{
	return list(cx, c, false);
}

enum err
s3_list_objects_v2(struct cx *cx, struct s3_call *c)
{
	if (!str_is(request_param(c->req, "list-type"), STR("2")))
		return fail(cx, E_BAD_ARGUMENT, "list-type must be 2");
	return list(cx, c, true);
}
