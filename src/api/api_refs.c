/* Branches and tags. */
#include "api/api_call.h"

#include "lake/target.h"

static enum err
answer_refs(struct cx *cx, struct api_call *c, const struct ref_page *page)
{
	struct json_out	j;
	size_t		i;

	j = api_begin_list(cx);
	for (i = 0; i < page->n; i++)
		api_put_ref(&j, NULL, page->at[i].name, &page->at[i].commit);
	api_answer_list(c, &j, page->n > 0 ? page->at[page->n - 1].name :
	    STR(""), page->more, page->n);
	return OK;
}

static enum err
answer_ref(struct cx *cx, struct api_call *c, int status, struct str id,
    const struct oid *commit)
{
	struct json_out	j;

	j = api_begin(cx);
	api_put_ref(&j, NULL, id, commit);
	api_answer(c, status, &j);
	return OK;
}

/* Without the hidden ones, unless they are asked for.  [lakeFS listBranches] */
enum err
api_list_branches(struct cx *cx, struct api_call *c)
{
	struct list_query	q;
	struct ref_page		page;
	enum err		e;
	bool			hidden = false;

	if ((e = api_take_page(cx, c, &q)) != OK ||
	    (e = api_take_bool(cx, c, "show_hidden", &hidden)) != OK ||
	    (e = branch_list(cx, c->eng, c->repo, &q, hidden, &page)) != OK)
		return e;
	return answer_refs(cx, c, &page);
}

/* At a commit: what the source branch has not committed stays there.  [lakeFS
 * createBranch] */
enum err
api_create_branch(struct cx *cx, struct api_call *c)
{
	struct branch_opts	opt = { .hidden = false };
	struct str		name;
	struct oid_hex		hex;
	struct oid		head;
	struct json		in;
	enum err		e;

	if ((e = api_take_json(cx, c, LIMIT_BODY, false, &in)) != OK ||
	    (e = json_need_str(cx, in, "name", &name)) != OK ||
	    (e = json_need_str(cx, in, "source", &opt.source)) != OK ||
	    (e = json_get_bool(cx, in, "hidden", &opt.hidden)) != OK ||
	    (e = target_ref(cx, opt.source)) != OK ||
	    (e = branch_create(cx, c->eng, c->repo, name, &opt,
	    c->who.user, &head)) != OK)
		return e;
	hex = oid_hex(&head);
	/* Plain text, the one answer that is no JSON.  [lakeFS createBranch] */
	response_body(c->res, 201, "text/plain; charset=utf-8",
	    str_dup(cx->mem, str_of(hex.z)));
	return OK;
}

/* A name alone, no expression.  [lakeFS getBranch] */
enum err
api_get_branch(struct cx *cx, struct api_call *c)
{
	struct branch	br;
	enum err	e;

	if ((e = branch_get(cx, c->eng, c->repo, c->ref, &br)) != OK)
		return e;
	return answer_ref(cx, c, 200, c->ref, &br.head);
}

enum err
api_delete_branch(struct cx *cx, struct api_call *c)
{
	enum err	e;
	bool		force = false;

	if ((e = api_take_bool(cx, c, "force", &force)) != OK ||
	    (e = branch_delete(cx, c->eng, c->repo, c->ref,
	    force, c->who.user)) != OK)
		return e;
	c->res->status = 204;
	return OK;
}

/* What is not committed of a path, of a prefix or at all is dropped; where
 * there is nothing to drop it is 204 as well.  [lakeFS resetBranch] */
enum err
api_reset_branch(struct cx *cx, struct api_call *c)
{
	struct str	type, path = STR("");
	struct json	in;
	enum err	e;
	bool		force = false;

	if ((e = api_take_json(cx, c, LIMIT_BODY, false, &in)) != OK ||
	    (e = json_need_str(cx, in, "type", &type)) != OK ||
	    (e = json_get_str(cx, in, "path", &path)) != OK ||
	    (e = json_get_bool(cx, in, "force", &force)) != OK ||
	    (e = target_path(cx, path)) != OK)
		return e;
	if (str_is(type, STR("object")) && path.n == 0)
		return fail(cx, E_BAD_PATH, "the path is empty");
	if (str_is(type, STR("reset")))
		e = branch_reset(cx, c->eng, c->repo, c->ref, force);
	else if (str_is(type, STR("object")) ||
	    str_is(type, STR("common_prefix")))
		e = branch_reset_path(cx, c->eng, c->repo,
		    c->ref, path, str_is(type, STR("common_prefix")),
		    force);
	else
		e = fail(cx, E_BAD_ARGUMENT, "type must be object, "
		    "common_prefix or reset");
	if (e == OK)
		c->res->status = 204;
	return e;
}

enum err
api_list_tags(struct cx *cx, struct api_call *c)
{
	struct list_query	q;
	struct ref_page		page;
	enum err		e;

	if ((e = api_take_page(cx, c, &q)) != OK ||
	    (e = tag_list(cx, c->eng, c->repo, &q, &page)) != OK)
		return e;
	return answer_refs(cx, c, &page);
}

/* A tag that is there is 409, with force too: that is for read-only
 * repositories.  [lakeFS createTag] */
enum err
api_create_tag(struct cx *cx, struct api_call *c)
{
	struct str	id, ref;
	struct oid	commit;
	struct json	in;
	enum err	e;
	bool		force = false;

	if ((e = api_take_json(cx, c, LIMIT_BODY, false, &in)) != OK ||
	    (e = json_need_str(cx, in, "id", &id)) != OK ||
	    (e = json_need_str(cx, in, "ref", &ref)) != OK ||
	    (e = json_get_bool(cx, in, "force", &force)) != OK ||
	    (e = target_ref(cx, ref)) != OK ||
	    (e = tag_create(cx, c->eng, c->repo, id, ref, force,
	    &commit)) != OK)
		return e;
	return answer_ref(cx, c, 201, id, &commit);
}

enum err
api_get_tag(struct cx *cx, struct api_call *c)
{
	struct oid	commit;
	enum err	e;

	if ((e = tag_get(cx, c->eng, c->repo, c->ref, &commit)) != OK)
		return e;
	return answer_ref(cx, c, 200, c->ref, &commit);
}

enum err
api_delete_tag(struct cx *cx, struct api_call *c)
{
	enum err	e;
	bool		force = false;

	if ((e = api_take_bool(cx, c, "force", &force)) != OK ||
	    (e = tag_delete(cx, c->eng, c->repo, c->ref, force)) != OK)
		return e;
	c->res->status = 204;
	return OK;
}
