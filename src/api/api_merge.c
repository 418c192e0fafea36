/* Merging a ref into a branch. */
#include "api/api_call.h"

static const struct {
	struct str	said;		/* in the request */
	enum strategy	strategy;
	struct str	kept;		/* in the commit's metadata */
} strategies[] = {
	{ STR_INIT(""), STRATEGY_NONE, STR_INIT("default") },
	{ STR_INIT("source-wins"), STRATEGY_SOURCE, STR_INIT("source-wins") },
	{ STR_INIT("dest-wins"), STRATEGY_DEST, STR_INIT("dest-wins") },
};
enum { STRATEGIES = sizeof strategies / sizeof strategies[0] };

static enum err
take_strategy(struct cx *cx, struct json in, enum strategy *out,
    struct str *kept)
{
	struct str	said = STR("");
	size_t		i;
	enum err	e;

	if ((e = json_get_str(cx, in, "strategy", &said)) != OK)
		return e;
	for (i = 0; i < STRATEGIES; i++)
		if (str_is(said, strategies[i].said)) {
			*out = strategies[i].strategy;
			*kept = strategies[i].kept;
			return OK;
		}
	return fail(cx, E_BAD_ARGUMENT, "strategy must be source-wins or "
	    "dest-wins");
}

/* The commit's metadata say how the merge went, over what the client says. */
static void
keep_strategy(struct cx *cx, struct commit_opts *co, struct str strategy)
{
	struct pair	*meta;
	size_t		 i;

	meta = arena_get(cx->mem, (co->n_meta + 1) * sizeof *meta);
	for (i = 0; i < co->n_meta; i++)
		meta[i] = co->meta[i];
	meta[co->n_meta++] = (struct pair){ STR(".lakefs.merge.strategy"),
	    strategy };
	co->meta = meta;
}

/* The body may be left away; a message that is empty is made up. */
static enum err
take_merge(struct cx *cx, struct api_call *c, struct merge_opts *opt)
{
	struct commit_opts	*co = &opt->commit;
	struct str		 strategy = STR("");
	struct json		 in;
	enum err		 e;

	if ((e = api_take_json(cx, c, LIMIT_BODY, true, &in)) != OK ||
	    (e = json_get_str(cx, in, "message", &co->message)) != OK ||
	    (e = json_get_map(cx, in, "metadata", &co->meta,
	    &co->n_meta)) != OK ||
	    (e = take_strategy(cx, in, &opt->strategy, &strategy)) != OK ||
	    (e = json_get_bool(cx, in, "force", &co->force)) != OK ||
	    (e = json_get_bool(cx, in, "allow_empty",
	    &co->allow_empty)) != OK ||
	    (e = json_get_bool(cx, in, "squash_merge", &opt->squash)) != OK)
		return e;
	if (co->message.n == 0)
		co->message = str_printf(cx->mem, "Merge '%.*s' into '%.*s'",
		    STRF(c->ref), STRF(c->to));
	keep_strategy(cx, co, strategy);
	return OK;
}

/* Always a commit of its own, never a fast-forward; of a conflict api_handle
 * answers a merge's 409.  [lakeFS mergeIntoBranch] */
enum err
api_merge_into_branch(struct cx *cx, struct api_call *c)
{
	struct merge_opts	opt = { .commit = {
	    .committer = c->who.user } };
	struct commit		commit;
	struct oid_hex		hex;
	struct json_out		j;
	enum err		e;

	if ((e = take_merge(cx, c, &opt)) != OK ||
	    (e = branch_merge(cx, c->eng, c->repo, c->ref, c->to, &opt,
	    &commit)) != OK)
		return e;
	hex = oid_hex(&commit.id);
	j = api_begin(cx);
	json_open(&j, NULL, '{');
	json_put_str(&j, "reference", str_of(hex.z));
	json_close(&j, '}');
	api_answer(c, 200, &j);
	return OK;
}

/* The source is what the path names first.  lakeFS answers the two exchanged;
 * clients only print them.  [lakeFS findMergeBase] */
enum err
api_find_merge_base(struct cx *cx, struct api_call *c)
{
	struct merge_base	m;
	struct oid_hex		hex = { "" };
	struct json_out		j;
	enum err		e;

	if ((e = merge_base(cx, c->eng, c->repo, c->ref, c->to, &m)) != OK)
		return e;
	j = api_begin(cx);
	json_open(&j, NULL, '{');
	if (m.found)
		hex = oid_hex(&m.base.id);
	json_put_str(&j, "base_commit_id", str_of(hex.z));
	hex = oid_hex(&m.left.id);
	json_put_str(&j, "source_commit_id", str_of(hex.z));
	hex = oid_hex(&m.right.id);
	json_put_str(&j, "destination_commit_id", str_of(hex.z));
	json_close(&j, '}');
	api_answer(c, 200, &j);
	return OK;
}
