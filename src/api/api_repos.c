/* Repositories. */
#include "api/api_call.h"

#include "base/fault.h"

/* A search is for a part of the name.  [lakeFS listRepositories]  It looks at
 * one page, which may then show fewer than were asked for while more follow. */
enum err
api_list_repositories(struct cx *cx, struct api_call *c)
{
	struct list_query	q;
	struct repo_page	page;
	struct json_out		j;
	struct str		search = request_param(c->req, "search");
	size_t			i, n = 0;
	enum err		e;

	if ((e = api_take_page(cx, c, &q)) != OK ||
	    (e = repo_list(cx, c->eng, &q, &page)) != OK)
		return e;
	j = api_begin_list(cx);
	for (i = 0; i < page.n; i++)
		if (str_has(page.at[i].name, search)) {
			api_put_repo(&j, NULL, &page.at[i]);
			n++;
		}
	api_answer_list(c, &j, page.n > 0 ? page.at[page.n - 1].name : STR(""),
	    page.more, n);
	return OK;
}

static enum err
answer_repo(struct cx *cx, struct api_call *c, int status,
    const struct repo *r)
{
	struct json_out	j;

	j = api_begin(cx);
	api_put_repo(&j, NULL, r);
	api_answer(c, status, &j);
	return OK;
}

/* One store, whose id is empty.  The namespace is kept and told, and nothing
 * lies there: it must be one that getConfig says this store has.  [lakeFS
 * createRepository] */
static enum err
check_storage(struct cx *cx, const struct repo *r, struct str id)
{
	struct str	rest = r->storage_namespace;

	if (id.n > 0)
		return fail(cx, E_BAD_ARGUMENT, "storage id \"%.*s\" is not "
		    "known: there is one store here, and its id is empty",
		    STRF(id));
	if (!str_take(&rest, STR("local://")) || rest.n == 0)
		return fail(cx, E_BAD_ARGUMENT, "storage namespace must match "
		    "^local://: for example local://%.*s", STRF(r->name));
	if (!fault_skip("NAMESPACE") &&
	    r->storage_namespace.n > LIMIT_NAMESPACE)
		return fail(cx, E_BAD_ARGUMENT, "the storage namespace may "
		    "have %d bytes", LIMIT_NAMESPACE);
	return OK;
}

/* All that can be missing of the sample data is known before the name is taken:
 * who finds it taken may write there at once, so it is not given back. */
static enum err
make_repo(struct cx *cx, struct api_call *c, struct repo *r, bool sample)
{
	struct samples	*all;
	enum err	 e;

	if (sample && (e = api_samples_take(cx, c, r, &all)) != OK)
		return e;
	e = repo_create(cx, c->eng, r, c->who.user);
	if (e == E_REPO_EXISTS)
		return fail(cx, e, "error creating repository: not unique: "
		    "\"%.*s\" exists already", STRF(r->name));
	return e == OK && sample ? api_samples_put(cx, c, r, all) : e;
}

enum err
api_create_repository(struct cx *cx, struct api_call *c)
{
	struct repo	r = { .default_branch = STR("main") };
	struct str	id = STR("");
	struct json	in;
	enum err	e;
	bool		bare = false, sample = false;

	if ((e = api_take_json(cx, c, LIMIT_BODY, false, &in)) != OK ||
	    (e = json_need_str(cx, in, "name", &r.name)) != OK ||
	    (e = json_need_str(cx, in, "storage_namespace",
	    &r.storage_namespace)) != OK ||
	    (e = json_get_str(cx, in, "storage_id", &id)) != OK ||
	    (e = json_get_str(cx, in, "default_branch",
	    &r.default_branch)) != OK ||
	    (e = json_get_bool(cx, in, "read_only", &r.read_only)) != OK ||
	    (e = json_get_bool(cx, in, "sample_data", &sample)) != OK ||
	    (e = api_take_bool(cx, c, "bare", &bare)) != OK)
		return e;
	if (bare)
		return fail(cx, E_NOT_IMPLEMENTED, "a bare repository is not "
		    "implemented");
	if ((e = check_storage(cx, &r, id)) != OK ||
	    (e = make_repo(cx, c, &r, sample)) != OK)
		return e;
	return answer_repo(cx, c, 201, &r);
}

enum err
api_get_repository(struct cx *cx, struct api_call *c)
{
	struct repo	r;
	enum err	e;

	if ((e = repo_get(cx, c->eng, c->repo, &r)) != OK)
		return e;
	return answer_repo(cx, c, 200, &r);
}

enum err
api_delete_repository(struct cx *cx, struct api_call *c)
{
	enum err	e;
	bool		force = false;

	if ((e = api_take_bool(cx, c, "force", &force)) != OK ||
	    (e = repo_delete(cx, c->eng, c->repo, force)) != OK)
		return e;
	c->res->status = 204;
	return OK;
}

enum err
api_get_repository_metadata(struct cx *cx, struct api_call *c)
{
	struct json_out	j;
	struct repo	r;
	enum err	e;

	if ((e = repo_get(cx, c->eng, c->repo, &r)) != OK)
		return e;
	j = api_begin(cx);
	json_put_map(&j, NULL, r.meta, r.n_meta);
	api_answer(c, 200, &j);
	return OK;
}
