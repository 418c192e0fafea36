/* Bucket policies: which are taken, and what they allow to whom. */
#include "unit/unit.h"
#include "unit/unit_request.h"

#include <string.h>

#include "base/stream.h"
#include "block/block.h"
#include "engine/engine.h"
#include "kv/kv.h"
#include "s3/s3_error.h"
#include "s3/s3_policy.h"

static struct cx	 cx;
static struct kv	*kv;
static struct block	*block;
static struct engine	*eng;

static int
setup(void **state)
{
	struct repo		r = { .name = STR("alpha"),
	    .default_branch = STR("main"), .storage_namespace = STR("x") };
	struct engine_opts	o;

	(void)state;
	cx_init(&cx, arena_new());
	kv = kv_mem_open();
	block = block_mem_open();
	engine_defaults(&o);
	eng = engine_open(kv, block, &o);
	assert_ok(&cx, engine_init(&cx, eng));
	assert_ok(&cx, repo_create(&cx, eng, &r, STR("me")));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(cx.mem);
	engine_close(eng);
	block_close(block);
	kv_close(kv);
	return 0;
}

/* The code that a client reads; "" for OK. */
static const char *
code_of(enum err e)
{
	return e == OK ? "" : cx.as != NULL ? cx.as : s3_error_code(e).name;
}

#define assert_code(want, e)	assert_string_equal(want, code_of(e))

static const struct s3_row *
row_of(const char *called)
{
	const struct s3_row	*rows;
	size_t			 i, n;

	rows = s3_route_table(&n);
	for (i = 0; i < n; i++)
		if (strcmp(rows[i].called, called) == 0)
			return &rows[i];
	assert_true(false);
	return NULL;
}

static enum err
put(struct str policy)
{
	struct request	req = request_of(cx.mem, M_PUT, "", "policy");
	struct response	res;
	struct s3_call	c = { .eng = eng, .req = &req, .res = &res,
	    .bucket = STR("alpha"), .row = row_of("PutBucketPolicy") };

	response_init(&res, &cx);
	req.body = source_of_str(&cx, policy);
	req.has_length = true;
	req.length = policy.n;
	return s3_put_bucket_policy(&cx, &c);
}

/* ' for ", so that the tables can be read. */
static struct str
policy_of(const char *statement)
{
	char	*p = str_z(cx.mem, str_printf(cx.mem,
	    "{'Version':'2012-10-17','Statement':%s}", statement));
	char	*q;

	for (q = p; *q != '\0'; q++)
		if (*q == '\'')
			*q = '"';
	return str_of(p);
}

#define ALLOW	"'Effect':'Allow','Principal':'*',"
#define ALL	"'Resource':'arn:aws:s3:::alpha/*'"

static void
statements_that_promise_more_are_refused(void **state)
{
	static const struct {
		const char	*statement;
		const char	*want;
	} cases[] = {
		{ "[{" ALLOW "'Action':'s3:GetObject'," ALL "}]", "" },
		{ "{" ALLOW "'Action':'s3:GetObject'," ALL "}", "" },
		{ "[{" ALLOW "'Action':['s3:GetObject','s3:ListBucket'],"
		    "'Resource':['arn:aws:s3:::alpha',"
		    "'arn:aws:s3:::alpha/main/*']}]", "" },
		{ "[{'Effect':'Allow','Principal':{'AWS':'*'},"
		    "'Action':'s3:GetObject'," ALL "}]", "" },
		{ "[{'Effect':'Allow','Principal':{'AWS':['*']},"
		    "'Action':'s3:GetObject'," ALL "}]", "" },
		{ "[{" ALLOW "'Action':'s3:getobject',"
		    "'Resource':['arn:aws:s3:::*','arn:aws:s3:::*/*',"
		    "'arn:aws:s3:::al?ha/*','arn:aws:s3:::alpha*/*']}]", "" },
		/* no statement */
		{ "[]", "MalformedPolicy" },
		{ "'x'", "MalformedPolicy" },
		{ "['x']", "MalformedPolicy" },
		{ "[{}]", "MalformedPolicy" },
		{ "[{" ALLOW ALL "}]", "MalformedPolicy" },
		{ "[{" ALLOW "'Action':'s3:GetObject'}]", "MalformedPolicy" },
		{ "[{'Effect':'Allow','Action':'s3:GetObject'," ALL "}]",
		    "MalformedPolicy" },
		{ "[{'Effect':'allow','Principal':'*',"
		    "'Action':'s3:GetObject'," ALL "}]", "MalformedPolicy" },
		/* another bucket, and what only looks like this one */
		{ "[{" ALLOW "'Action':'s3:GetObject',"
		    "'Resource':'arn:aws:s3:::beta/*'}]", "MalformedPolicy" },
		{ "[{" ALLOW "'Action':'s3:GetObject',"
		    "'Resource':'arn:aws:s3:::alphabet/*'}]",
		    "MalformedPolicy" },
		{ "[{" ALLOW "'Action':'s3:GetObject',"
		    "'Resource':'arn:aws:s3:::*/${aws:username}'}]",
		    "NotImplemented" },
		{ "[{" ALLOW "'Action':'s3:GetObject','Resource':'*'}]",
		    "MalformedPolicy" },
		{ "[{" ALLOW "'Action':'s3:GetObject','Resource':7}]",
		    "MalformedPolicy" },
		{ "[{" ALLOW "'Action':'s3:GetObject',"
		    "'Resource':['arn:aws:s3:::alpha/*','*']}]",
		    "MalformedPolicy" },
		/* more than reading, less than everyone, and Deny */
		{ "[{" ALLOW "'Action':'s3:PutObject'," ALL "}]",
		    "NotImplemented" },
		{ "[{" ALLOW "'Action':'s3:*'," ALL "}]", "NotImplemented" },
		{ "[{" ALLOW "'Action':'s3:Get*'," ALL "}]",
		    "NotImplemented" },
		{ "[{" ALLOW "'Action':['s3:GetObject','s3:DeleteObject'],"
		    ALL "}]", "NotImplemented" },
		{ "[{" ALLOW "'Action':'*'," ALL "}]", "NotImplemented" },
		{ "[{" ALLOW "'Action':7," ALL "}]", "MalformedPolicy" },
		{ "[{'Effect':'Deny','Principal':'*',"
		    "'Action':'s3:GetObject'," ALL "}]", "NotImplemented" },
		{ "[{'Effect':'Allow','Principal':{'AWS':'me'},"
		    "'Action':'s3:GetObject'," ALL "}]", "NotImplemented" },
		{ "[{'Effect':'Allow','Principal':{'AWS':['*','me']},"
		    "'Action':'s3:GetObject'," ALL "}]", "NotImplemented" },
		{ "[{'Effect':'Allow','Principal':{'Service':'*'},"
		    "'Action':'s3:GetObject'," ALL "}]", "NotImplemented" },
		{ "[{" ALLOW "'Action':'s3:GetObject'," ALL ","
		    "'Condition':{}}]", "NotImplemented" },
		{ "[{" ALLOW "'NotAction':'s3:GetObject'," ALL "}]",
		    "NotImplemented" },
		{ "[{" ALLOW "'Action':'s3:GetObject',"
		    "'NotResource':'x'}]", "NotImplemented" },
		{ "[{'Effect':'Allow','NotPrincipal':'me',"
		    "'Action':'s3:GetObject'," ALL "}]", "NotImplemented" },
		/* a bad one after a good one */
		{ "[{" ALLOW "'Action':'s3:GetObject'," ALL "},{}]",
		    "MalformedPolicy" },
	};
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_code(cases[i].want, put(policy_of(cases[i].statement)));
}

static void
what_is_no_policy_is_refused(void **state)
{
	static const char	begin[] = "{\"Version\":\"2012-10-17\",";
	const char		*const cases[] = {
		"", "{", "[]", "x", "{}",
		"{\"Version\":\"2012-10-17\"}",
		"{\"Version\":\"2011-10-17\",\"Statement\":[]}",
		"{\"Statement\":[]}",
		str_printf(cx.mem, "%s\"Statement\":[],\"Id\":\"%0*d\"}",
		    begin, LIMIT_POLICY, 0).p,
	};
	size_t			i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_code("MalformedPolicy", put(str_of(cases[i])));
}

static enum err
ask(const char *called, const char *bucket, const char *key,
    const char *query)
{
	struct request	req = request_of(cx.mem, M_GET, "", query);
	struct s3_call	c = { .eng = eng, .req = &req,
	    .bucket = str_of(bucket), .key = str_of(key),
	    .row = row_of(called) };

	return s3_policy_check(&cx, &c);
}

/* Anybody reads what the policy opens, and nothing beside it. */
static void
anybody_may_what_is_allowed_and_nothing_else(void **state)
{
	static const struct {
		const char	*called, *bucket, *key, *query;
		const char	*want;
	} cases[] = {
		{ "GetObject", "alpha", "main/open/a", "", "" },
		{ "HeadObject", "alpha", "main/open/a", "", "" },
		{ "GetObject", "alpha", "main/open/", "", "" },
		{ "GetObject", "alpha", "main/open", "", "AccessDenied" },
		{ "GetObject", "alpha", "main/opened", "", "AccessDenied" },
		{ "GetObject", "alpha", "dev/open/a", "", "AccessDenied" },
		{ "GetObject", "alpha", "main/v1/x", "", "" },
		{ "GetObject", "alpha", "main/v12/x", "", "AccessDenied" },
		{ "GetObject", "alpha", "", "", "AccessDenied" },
		{ "GetObject", "beta", "main/open/a", "", "AccessDenied" },
		{ "GetObject", "", "main/open/a", "", "AccessDenied" },
		/* versions have an action of their own */
		{ "GetObject", "alpha", "main/open/a", "versionId=null",
		    "AccessDenied" },
		{ "GetObjectTagging", "alpha", "main/open/a", "",
		    "AccessDenied" },
		{ "ListObjectsV2", "alpha", "", "", "" },
		{ "ListObjects", "alpha", "", "", "" },
		{ "HeadBucket", "alpha", "", "", "" },
		{ "ListObjectVersions", "alpha", "", "", "AccessDenied" },
		{ "GetBucketLocation", "alpha", "", "", "AccessDenied" },
		{ "PutObject", "alpha", "main/open/a", "", "AccessDenied" },
		{ "DeleteObject", "alpha", "main/open/a", "", "AccessDenied" },
		{ "CopyObject", "alpha", "main/open/a", "", "AccessDenied" },
		{ "PutBucketPolicy", "alpha", "", "", "AccessDenied" },
		{ "GetBucketPolicy", "alpha", "", "", "AccessDenied" },
		{ "ListBuckets", "", "", "", "AccessDenied" },
		{ "GetObject", "alpha", "main/open/a",
		    "response-content-type=text/html", "InvalidRequest" },
	};
	size_t	i;

	(void)state;
	assert_ok(&cx, put(policy_of("[{" ALLOW "'Action':'s3:GetObject',"
	    "'Resource':['arn:aws:s3:::alpha/main/open/*',"
	    "'arn:aws:s3:::alpha/main/v?/*']},{" ALLOW
	    "'Action':['s3:ListBucket'],'Resource':'arn:aws:s3:::alpha'}]")));
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_code(cases[i].want, ask(cases[i].called,
		    cases[i].bucket, cases[i].key, cases[i].query));
}

static void
without_a_policy_nobody_may(void **state)
{
	const struct s3_row	*rows;
	size_t			 i, n;

	(void)state;
	rows = s3_route_table(&n);
	for (i = 0; i < n; i++)
		assert_code("AccessDenied",
		    ask(rows[i].called, "alpha", "main/a",
		    ""));
}

/* Whatever a policy says: nothing that writes has an action. */
static void
nobody_ever_writes(void **state)
{
	const struct s3_row	*rows;
	size_t			 i, n;

	(void)state;
	assert_ok(&cx, put(policy_of("[{" ALLOW "'Action':['s3:GetObject',"
	    "'s3:GetObjectVersion','s3:GetObjectAttributes',"
	    "'s3:GetObjectTagging','s3:GetBucketLocation','s3:ListBucket',"
	    "'s3:ListBucketVersions'],'Resource':['arn:aws:s3:::alpha',"
	    "'arn:aws:s3:::alpha/*']}]")));
	assert_code("", ask("GetObject", "alpha", "main/a", "versionId=null"));
	rows = s3_route_table(&n);
	for (i = 0; i < n; i++)
		if (rows[i].needs & F_WRITE || rows[i].method == M_DELETE ||
		    rows[i].method == M_PUT || rows[i].method == M_POST)
			assert_code("AccessDenied", ask(rows[i].called, "alpha",
			    "main/a", ""));
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST(statements_that_promise_more_are_refused),
		TEST(what_is_no_policy_is_refused),
		TEST(anybody_may_what_is_allowed_and_nothing_else),
		TEST(without_a_policy_nobody_may),
		TEST(nobody_ever_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
