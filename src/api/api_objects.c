/* Objects but for their bytes: records, listings, deletes, copies. */
#include "api/api_call.h"

#include "base/vec.h"
#include "lake/target.h"

/* A path that is a prefix of others alone is not found.  [lakeFS statObject] */
enum err
api_stat_object(struct cx *cx, struct api_call *c)
{
	struct entry	en;
	struct target	at;
	enum err	e;
	bool		meta = true;

	if ((e = api_take_object(cx, c, &at)) != OK ||
	    (e = api_take_no_presign(cx, c)) != OK ||
	    (e = api_take_bool(cx, c, "user_metadata", &meta)) != OK ||
	    (e = object_stat(cx, c->eng, &at, &en)) != OK)
		return e;
	return api_answer_stats(cx, c, 200, at.path, &en, meta);
}

/* Members that ObjectStats must have, of what stands for many objects.  [lakeFS
 * listObjects] */
static void
put_group(struct json_out *j, struct str path)
{
	json_open(j, NULL, '{');
	json_put_str(j, "path", path);
	json_put_str(j, "path_type", STR("common_prefix"));
	json_put_str(j, "physical_address", STR(""));
	json_put_str(j, "checksum", STR(""));
	json_put_int(j, "mtime", 0);
	json_close(j, '}');
}

enum err
api_list_objects(struct cx *cx, struct api_call *c)
{
	struct list_query	q;
	struct list_page	page;
	struct json_out		j;
	struct repo		r;
	size_t			i;
	enum err		e;
	bool			meta = true;

	if ((e = api_take_page(cx, c, &q)) != OK ||
	    (e = api_take_no_presign(cx, c)) != OK ||
	    (e = api_take_bool(cx, c, "user_metadata", &meta)) != OK ||
	    (e = repo_get(cx, c->eng, c->repo, &r)) != OK ||
	    (e = object_list(cx, c->eng, c->repo, c->ref, &q,
	    &page)) != OK)
		return e;
	j = api_begin_list(cx);
	for (i = 0; i < page.n; i++)
		if (page.at[i].is_prefix)
			put_group(&j, page.at[i].path);
		else
			api_put_stats(cx, &j, &r, page.at[i].path,
			    &page.at[i].en, meta);
	api_answer_list(c, &j, page.n > 0 ? page.at[page.n - 1].path : STR(""),
	    page.more, page.n);
	return OK;
}

/* An object that is not there is deleted, too.  [lakeFS deleteObject] */
enum err
api_delete_object(struct cx *cx, struct api_call *c)
{
	const struct cond	none = { .mtime = 0 };
	struct target		at;
	enum err		e;
	bool			force = false, marker;

	if ((e = api_take_object(cx, c, &at)) != OK ||
	    (e = api_take_bool(cx, c, "force", &force)) != OK ||
	    (e = object_delete(cx, c->eng, &at, &none, force, &marker)) != OK)
		return e;
	c->res->status = 204;
	return OK;
}

struct paths {
	struct object_delete_item	*at;
	size_t				 n, room;
};

static enum err
take_paths(struct cx *cx, struct api_call *c, struct paths *all)
{
	struct json_list	list;
	struct json		in;
	struct str		path;
	size_t			n = 0;
	enum err		e;
	bool			there;

	if ((e = api_take_list(cx, c, LIMIT_BODY_DELETE, "paths", &in,
	    &list)) != OK)
		return e;
	while ((e = json_next_str(cx, &list, &path, &there)) == OK && there) {
		if (n++ == LIMIT_PAGE)
			return fail(cx, E_BAD_JSON, "\"paths\" may have %d "
			    "items at most", LIMIT_PAGE);
		/* What cannot be a path is not there: no error.  lakeFS then
		 * deletes nothing, and says that it did.  [lakeFS
		 * deleteObjects] */
		if (path.n > 0 && target_path(cx, path) == OK)
			VEC_PUSH(cx->mem, all)->path = path;
		cx_forget(cx);
	}
	return e;
}

static void
put_delete_error(struct json_out *j, const struct object_delete_item *it)
{
	json_open(j, NULL, '{');
	json_put_int(j, "status_code", api_error_status(it->result));
	json_put_str(j, "message", it->words);
	json_put_str(j, "path", it->path);
	json_close(j, '}');
}

/* An error before anything is deleted is the request's, a later one that of the
 * paths that it left.  lakectl also sends a list without any.
 * [lakeFS deleteObjects] */
enum err
api_delete_objects(struct cx *cx, struct api_call *c)
{
	struct object_delete_item	*it;
	struct paths	paths = { .n = 0 };
	struct json_out	j;
	enum err	e;
	bool		force = false;

	if ((e = take_paths(cx, c, &paths)) != OK ||
	    (e = api_take_bool(cx, c, "force", &force)) != OK ||
	    ((e = objects_delete(cx, c->eng, c->repo, c->ref, paths.at,
	    paths.n, force)) != OK && (paths.n == 0 ||
	    paths.at[0].result != OK)))
		return e;
	cx_forget(cx);
	c->deleted = arena_get(cx->mem, paths.n * sizeof *c->deleted);
	j = api_begin(cx);
	json_open(&j, NULL, '{');
	json_open(&j, "errors", '[');
	for (it = paths.at; it < paths.at + paths.n; it++)
		if (it->result == OK)
			c->deleted[c->n_deleted++] = it->path;
		else
			put_delete_error(&j, it);
	json_close(&j, ']');
	json_close(&j, '}');
	api_answer(c, 200, &j);
	return OK;
}

enum err
api_copy_object(struct cx *cx, struct api_call *c)
{
	struct object_copy_opts	opt = { .replace = NULL };
	struct str		to, from, ref = c->ref;
	struct target		src, dst;
	struct entry		en;
	struct json		in;
	enum err		e;
	bool			shallow = false;

	if ((e = api_need_param(cx, c, "dest_path", &to)) != OK ||
	    (e = api_take_json(cx, c, LIMIT_BODY, false, &in)) != OK ||
	    (e = json_need_str(cx, in, "src_path", &from)) != OK ||
	    (e = json_get_str(cx, in, "src_ref", &ref)) != OK ||
	    (e = json_get_bool(cx, in, "force", &opt.force)) != OK ||
	    (e = json_get_bool(cx, in, "shallow", &shallow)) != OK)
		return e;
	if (ref.n == 0)
		ref = c->ref;
	/* Every copy here is shallow: no bytes move.  lakeFS answers 501 to
	 * who asks for that.  [lakeFS copyObject] */
	if ((e = target_object(cx, c->repo, ref, from, &src)) != OK ||
	    (e = target_object(cx, c->repo, c->ref, to, &dst)) != OK ||
	    (e = object_copy(cx, c->eng, &src, &dst, &opt, &en)) != OK)
		return e;
	return api_answer_stats(cx, c, 201, dst.path, &en, true);
}

/* The whole map is replaced.  204, as lakeFS answers, though its contract says
 * 201.  [lakeFS updateObjectUserMetadata] */
enum err
api_update_object_user_metadata(struct cx *cx, struct api_call *c)
{
	struct pair	*meta = NULL;
	struct json	 in;
	struct target	 at;
	size_t		 n;
	enum err	 e;

	if ((e = api_take_object(cx, c, &at)) != OK ||
	    (e = api_take_json(cx, c, LIMIT_BODY, false, &in)) != OK ||
	    (e = json_get_map(cx, in, "set", &meta, &n)) != OK)
		return e;
	if (!json_has(in, "set"))
		return fail(cx, E_BAD_JSON, "\"set\" is required");
	if ((e = object_set_meta(cx, c->eng, &at, meta, n, false)) != OK)
		return e;
	c->res->status = 204;
	return OK;
}

enum err
api_get_underlying_properties(struct cx *cx, struct api_call *c)
{
	struct entry	en;
	struct target	at;
	enum err	e;

	if ((e = api_take_object(cx, c, &at)) != OK ||
	    (e = object_stat(cx, c->eng, &at, &en)) != OK)
		return e;
	response_body(c->res, 200, "application/json",
	    STR("{\"storage_class\":null}\n"));
	return OK;
}
