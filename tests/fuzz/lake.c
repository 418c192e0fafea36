/* One lake in memory for all executions, and requests to it. */
#include "fuzz/fuzz.h"

#include <ctype.h>
#include <unistd.h>

#include "api/api.h"
#include "auth/auth.h"
#include "base/enc.h"
#include "base/fileio.h"
#include "base/vec.h"
#include "base/when.h"
#include "block/block.h"
#include "engine/engine.h"
#include "http/http.h"
#include "kv/kv.h"
#include "net/sigv4.h"
#include "s3/s3.h"

struct row {
	struct str	key, value;
};

static struct {
	struct kv	*kv;
	struct block	*block;
	struct engine	*eng;
	struct auth	*auth;
	struct arena	*mem;		/* of what follows */
	struct row	 rows[200];	/* as it was made */
	size_t		 n_rows;
	struct uid	 blocks[20];
	size_t		 n_blocks;
	struct str	 upload, commit, part;
	bool		 dirty;		/* a request may have changed it, */
	bool		 rows_dirty;	/* and its rows too */
} lake;

/* ---- made once, and made anew ------------------------------------------ */

static enum err
keep_rows(struct cx *c, struct kv_tx *tx, void *arg)
{
	struct kv_cursor	*cur;
	struct str		 key, value;
	enum err		 e;
	bool			 there;

	(void)arg;
	if ((e = kv_scan(c, tx, STR("\1"), STR("\377\377"), &cur)) != OK)
		return e;
	while ((e = kv_next(c, tx, cur, &key, &value, &there)) == OK &&
	    there) {
		assert(lake.n_rows < 200);
		lake.rows[lake.n_rows++] = (struct row){
		    str_dup(lake.mem, key), str_dup(lake.mem, value) };
	}
	return e;
}

/* What differs from the rows that were kept. */
struct changes {
	VEC(struct str)		gone;		/* keys that are new */
	VEC(struct row)		back;		/* rows that have changed */
};

static enum err
find_changes(struct cx *c, struct kv_tx *tx, void *arg)
{
	struct changes		*ch = arg;
	struct kv_cursor	*cur;
	struct row		*r = lake.rows;
	const struct row	*end = r + lake.n_rows;
	struct str		 key, value;
	enum err		 e;
	bool			 there;
	int			 d;

	if ((e = kv_scan(c, tx, STR("\1"), STR("\377\377"), &cur)) != OK)
		return e;
	while ((e = kv_next(c, tx, cur, &key, &value, &there)) == OK &&
	    there) {
		while ((d = r == end ? 1 : str_cmp(r->key, key)) < 0)
			*VEC_PUSH(c->mem, &ch->back) = *r++;
		if (d > 0)
			*VEC_PUSH(c->mem, &ch->gone) = str_dup(c->mem, key);
		else if (!str_is(r->value, value))
			*VEC_PUSH(c->mem, &ch->back) = *r++;
		else
			r++;
	}
	while (e == OK && r < end)
		*VEC_PUSH(c->mem, &ch->back) = *r++;
	return e;
}

static enum err
undo_changes(struct cx *c, struct kv_tx *tx, void *arg)
{
	struct changes	*ch = arg;
	enum err	 e = OK;
	size_t		 i;

	for (i = 0; e == OK && i < ch->gone.n; i++)
		e = kv_delete(c, tx, ch->gone.at[i]);
	for (i = 0; e == OK && i < ch->back.n; i++)
		e = kv_put_bytes(c, tx, ch->back.at[i].key,
		    ch->back.at[i].value);
	return e;
}

static enum err
keep_block(struct cx *c, const struct uid *id, uint64_t size, void *arg)
{
	(void)c;
	(void)size;
	(void)arg;
	assert(lake.n_blocks < 20);
	lake.blocks[lake.n_blocks++] = *id;
	return OK;
}

struct new_blocks {
	VEC(struct uid)	v;
};

static enum err
new_block(struct cx *c, const struct uid *id, uint64_t size, void *arg)
{
	struct new_blocks	*all = arg;
	size_t			 i;

	(void)size;
	for (i = 0; i < lake.n_blocks; i++)
		if (uid_is(&lake.blocks[i], id))
			return OK;
	*VEC_PUSH(c->mem, &all->v) = *id;
	return OK;
}

static enum err
rows_back(struct cx *c)
{
	struct changes	ch = { .gone = { 0 } };
	enum err	e;

	if (!lake.rows_dirty)
		return OK;
	if ((e = kv_read(c, lake.kv, find_changes, &ch)) != OK)
		return e;
	return ch.gone.n + ch.back.n == 0 ? OK :
	    kv_write(c, lake.kv, undo_changes, &ch);
}

static enum err
drop_blocks(struct cx *c)
{
	struct new_blocks	all = { .v = { 0 } };
	enum err		e;
	size_t			i;

	e = block_each(c, lake.block, new_block, &all);
	for (i = 0; e == OK && i < all.v.n; i++)
		e = block_delete(c, lake.block, &all.v.at[i]);
	return e;
}

/* The master key is read from a file, once. */
static enum err
auth_make(struct cx *c)
{
	char		dir[] = "/tmp/fuzz.XXXXXX";
	struct auth_opts opt = { .session = 3600 };
	struct cred_key	k;
	enum err	e;

	if (mkdtemp(dir) == NULL)
		abort();
	opt.master = str_printf(c->mem, "%s/key", dir).p;
	if ((e = master_make(c, opt.master)) == OK &&
	    (e = auth_open(c, lake.kv, &opt, &lake.auth)) == OK)
		e = cred_key_create(c, lake.auth, STR("me"), STR(FUZZ_ID),
		    STR(FUZZ_SECRET), &k);
	file_unlink(c, opt.master);
	rmdir(dir);
	return e;
}

static struct str
between(struct str text, const char *a, const char *b)
{
	struct str	s = str_from(text, str_find_str(text, str_of(a)) +
	    strlen(a));

	s = str_to(s, str_find_str(s, str_of(b)));
	assert(s.n > 0);
	return str_dup(lake.mem, s);
}

static void
must(struct answer a)
{
	if (!is_good(&a)) {
		fprintf(stderr, "%d: %.*s\n", a.status, STRF(a.body));
		abort();
	}
}

static void
contents(void)
{
	struct answer	a;
	struct str	many = str_printf(cx.mem, "%0300d", 7);

	must(ask_s3("PUT", "/repo/main/o", STR("x-amz-tagging:k=v"),
	    STR("an object")));
	must(ask_s3("PUT", "/repo/main/big", STR(""), many));
	must(ask_api("POST", "/repositories/repo/branches/main/commits",
	    STR("{\"message\":\"first\"}")));
	must(ask_api("POST", "/repositories/repo/branches",
	    STR("{\"name\":\"other\",\"source\":\"main\"}")));
	must(ask_api("POST", "/repositories/repo/branches",
	    STR("{\"name\":\"clean\",\"source\":\"main\"}")));
	must(ask_api("POST", "/repositories/repo/tags",
	    STR("{\"id\":\"t\",\"ref\":\"main\"}")));
	must(ask_s3("PUT", "/repo/other/new", STR(""), STR("new")));
	must(a = ask_api("POST", "/repositories/repo/branches/other/commits",
	    STR("{\"message\":\"second\"}")));
	lake.commit = between(a.body, "\"id\":\"", "\"");
	must(a = ask_s3("POST", "/repo/main/o?uploads", STR(""), STR("")));
	lake.upload = between(a.body, "<UploadId>", "</");
	must(a = ask_s3("PUT", str_printf(cx.mem, "/repo/main/o?partNumber=1&"
	    "uploadId=%.*s", STRF(lake.upload)).p, STR(""), STR("a part")));
	lake.part = str_trim(str_dup(lake.mem, answer_header(&a, "ETag")));
}

static void
lake_make(void)
{
	static const char *const	names[] = { "repo", "private" };
	struct repo			r = { .default_branch = STR("main") };
	struct engine_opts		o;
	size_t				i;

	lake.mem = arena_new();
	lake.upload = lake.commit = lake.part = STR("-");
	lake.kv = kv_mem_open();
	lake.block = block_mem_open();
	engine_defaults(&o);
	o.area_rows = 20;
	o.area_tombs = 10;
	o.inline_max = 64;
	lake.eng = engine_open(lake.kv, lake.block, &o);
	if (engine_init(&cx, lake.eng) != OK || auth_make(&cx) != OK)
		abort();
	for (i = 0; i < 2; i++) {
		r.name = str_of(names[i]);
		r.storage_namespace = str_printf(cx.mem, "local://%s",
		    names[i]);
		if (repo_create(&cx, lake.eng, &r, STR("me")) != OK)
			abort();
	}
	contents();
	must(ask_s3("PUT", "/private/main/o", STR(""), STR("a secret")));
	if (kv_read(&cx, lake.kv, keep_rows, NULL) != OK ||
	    block_each(&cx, lake.block, keep_block, NULL) != OK)
		abort();
}

void
lake_reset(void)
{
	if (lake.mem == NULL)
		lake_make();
	else if (lake.dirty &&
	    (rows_back(&cx) != OK || drop_blocks(&cx) != OK))
		abort();
	lake.dirty = lake.rows_dirty = false;
}

bool
lake_is_as_made(void)
{
	struct changes	ch = { .gone = { 0 } };

	if (kv_read(&cx, lake.kv, find_changes, &ch) != OK)
		abort();
	lake.rows_dirty = ch.gone.n > 0 || ch.back.n > 0;
	return !lake.rows_dirty;
}

void
lake_end(void)
{
	if (lake.mem == NULL)
		return;
	auth_close(lake.auth);
	engine_close(lake.eng);
	block_close(lake.block);
	kv_close(lake.kv);
	arena_free(lake.mem);
	lake.mem = NULL;
}

/* ---- requests ---------------------------------------------------------- */

struct sent {
	struct request	 req;
	struct front_body body;
	char		*env[80];
	size_t		 n;
};

static void
variable(struct sent *s, const char *name, struct str value)
{
	if (s->n < 78)
		s->env[s->n++] = (char *)(uintptr_t)str_printf(cx.mem,
		    "%s=%.*s", name, STRF(value)).p;
}

/* "Content-Type" as a web server gives it: HTTP_CONTENT_TYPE, or without. */
static void
header(struct sent *s, struct str line)
{
	size_t	i, colon = str_find(line, ':');
	char	*name;

	/* No server lets a NUL through. */
	if (line.n == 0 || memchr(line.p, '\0', colon) != NULL)
		return;
	name = str_z(cx.mem, str_printf(cx.mem, "HTTP_%.*s",
	    STRF(str_to(line, colon))));
	for (i = 5; name[i] != '\0'; i++)
		name[i] = name[i] == '-' ? '_' :
		    (char)toupper((unsigned char)name[i]);
	if (strcmp(name, "HTTP_CONTENT_TYPE") == 0)
		name += 5;
	variable(s, name, str_from(line, colon + 1));
}

/* The lake's own ids are not known to who writes a corpus. */
static struct str
with_ids(struct str s)
{
	const struct { struct str word, id; } ids[] = {
		{ STR("UPLOAD"), lake.upload }, { STR("COMMIT"), lake.commit },
		{ STR("PART"), lake.part } };
	size_t	i, at;

	for (i = 0; i < 3; i++)
		if ((at = str_find_str(s, ids[i].word)) < s.n)
			s = str_printf(cx.mem, "%.*s%.*s%.*s",
			    STRF(str_to(s, at)), STRF(ids[i].id),
			    STRF(str_from(s, at + ids[i].word.n)));
	return s;
}

static bool
sent_parse(const struct ask *a, struct sent *s)
{
	struct str	rest = a->headers, line, body = a->body;
	struct str	target = a->target;

	if (a->ids) {
		body = with_ids(body);
		target = with_ids(target);
	}

	memset(s, 0, sizeof *s);
	variable(s, "REQUEST_METHOD", str_of(a->method));
	variable(s, "REQUEST_URI", target);
	variable(s, "REMOTE_ADDR", STR("127.0.0.1"));
	variable(s, "HTTP_HOST", STR("h"));
	while (str_split(&rest, '\n', &line))
		header(s, line);
	variable(s, "CONTENT_LENGTH", str_printf(cx.mem, "%zu", body.n));
	if (a->who == SIGNED)
		variable(s, "HTTP_X_AMZ_DATE", ask_date());
	if (a->who == BASIC)
		variable(s, "HTTP_AUTHORIZATION", str_printf(cx.mem,
		    "Basic %.*s", STRF(enc_base64(cx.mem, FUZZ_ID ":"
		    FUZZ_SECRET, strlen(FUZZ_ID ":" FUZZ_SECRET)))));
	s->body = (struct front_body){ source_of_str(&cx, body), true,
	    NULL };
	return request_from_env(&cx, s->env, &s->body, &s->req) == OK;
}

struct str
ask_date(void)
{
	return when_amz(cx.mem, cx.now);
}

struct str
ask_scope(void)
{
	return str_printf(cx.mem, "%.8s/r/s3/aws4_request", ask_date().p);
}

const unsigned char *
ask_key(void)
{
	static unsigned char	key[SHA256_BYTES];
	static bool		made;

	if (!made)
		sigv4_key(&cx, STR(FUZZ_SECRET), str_to(ask_date(), 8),
		    STR("r"), STR("s3"), key);
	made = true;
	return key;
}

static int
by_name(const void *a, const void *b)
{
	return str_cmp(((const struct pair *)a)->name,
	    ((const struct pair *)b)->name);
}

static struct str
sign(const struct request *req, struct str *seed)
{
	struct pair	*h = arena_get(cx.mem, (req->n_headers + 1) *
	    sizeof *h);
	struct str	 payload = request_header(req,
	    "x-amz-content-sha256"), sts, canonical, names = STR("");
	struct sigv4_request	r = { .method = req->method_name,
	    .path = req->path, .query = req->query, .n_query = req->n_query,
	    .headers = h,
	    .payload = payload.n > 0 ? payload : STR("UNSIGNED-PAYLOAD") };
	char		 hex[65];
	size_t		 i;

	for (i = 0; i < req->n_headers; i++)
		if (str_starts(req->headers[i].name, STR("x-amz-")) ||
		    str_is(req->headers[i].name, STR("host")))
			h[r.n_headers++] = req->headers[i];
	qsort(h, r.n_headers, sizeof *h, by_name);
	for (i = 0; i < r.n_headers; i++)
		names = str_printf(cx.mem, "%.*s%s%.*s", STRF(names),
		    i > 0 ? ";" : "", STRF(h[i].name));
	sts = sigv4_string_to_sign(&cx, &r, ask_date(), ask_scope(),
	    &canonical);
	sigv4_sign(ask_key(), sts, hex);
	*seed = str_dup(cx.mem, str_of(hex));
	return str_printf(cx.mem, "AWS4-HMAC-SHA256 Credential=" FUZZ_ID
	    "/%.*s, SignedHeaders=%.*s, Signature=%s", STRF(ask_scope()),
	    STRF(names), hex);
}

struct str
ask_signature(const struct ask *a, struct str *seed)
{
	struct sent	s;

	*seed = STR("");
	return sent_parse(a, &s) ? sign(&s.req, seed) : STR("");
}

static bool
is_token(struct str s)
{
	size_t	i;

	for (i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) &&
		    memchr("!#$%&'*+-.^_`|~", s.p[i], 15) == NULL)
			return false;
	return s.n > 0;
}

/* [RFC 9110 5.5] */
static bool
is_value(struct str s)
{
	size_t	i;

	for (i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < 32 && s.p[i] != '\t') ||
		    s.p[i] == 127)
			return false;
	return true;
}

static void
well_formed(const struct answer *a, const struct request *req)
{
	struct str	rest = a->headers, line;
	size_t		colon;
	bool		good = a->status / 100 != 5 || a->status == 501;

	while (good && str_split(&rest, '\n', &line)) {
		colon = str_find(line, ':');
		if (line.n > 0)
			good = line.p[line.n - 1] == '\r' && colon < line.n &&
			    is_token(str_to(line, colon)) && is_value(str_to(
			    str_from(line, colon + 1), line.n - colon - 2));
	}
	if (good)
		return;
	fprintf(stderr, "%.*s %.*s: %d\n%.*s\n%s: %s (%s:%d)\n",
	    STRF(req->method_name), STRF(req->raw_path), a->status,
	    STRF(a->headers), err_name(cx.code), cx.words,
	    cx.file == NULL ? "" : cx.file, cx.line);
	abort();
}

static struct answer
answer_of(struct response *res, const struct request *req)
{
	struct answer	a = { .status = res->status,
	    .headers = buf_as_str(&res->headers), .body = res->body };

	well_formed(&a, req);
	if (res->has_source && source_all(&cx, &res->source, 1 << 24,
	    &a.body) != OK)
		abort();
	return a;
}

struct answer
ask(const struct ask *a)
{
	const struct s3_opts	s3 = { .region = STR("r") };
	const struct api_opts	api = { .version = STR("1.0.0") };
	struct request_note	note;
	struct response		res;
	struct sent		s;
	struct pair		*h;
	struct str		seed;

	cx_forget(&cx);
	if (!sent_parse(a, &s))
		return (struct answer){ .status = 0 };
	if (s.req.method != M_GET && s.req.method != M_HEAD)
		lake.dirty = lake.rows_dirty = true;
	response_init(&res, &cx);
	if (a->who == BASIC || str_starts(s.req.raw_path, STR("/api/v1/"))) {
		api_handle(&cx, lake.eng, lake.auth, &api, &s.req, &res,
		    &note);
		return answer_of(&res, &s.req);
	}
	if (a->who == SIGNED &&
	    request_header(&s.req, "authorization").n == 0) {
		h = arena_get(cx.mem, (s.req.n_headers + 1) * sizeof *h);
		memcpy(h, s.req.headers, s.req.n_headers * sizeof *h);
		h[s.req.n_headers] = (struct pair){ STR("authorization"),
		    sign(&s.req, &seed) };
		s.req.headers = h;
		s.req.n_headers++;
	}
	s3_handle(&cx, lake.eng, lake.auth, &s3, &s.req, &res, &note);
	return answer_of(&res, &s.req);
}

struct str
answer_header(const struct answer *a, const char *name)
{
	struct str	rest = a->headers, line;
	size_t		colon;

	while (str_split(&rest, '\n', &line)) {
		line = str_to(line, str_find(line, '\r'));
		colon = str_find(line, ':');
		if (str_is_nocase(str_to(line, colon), str_of(name)))
			return str_trim(str_from(line, colon + 1));
	}
	return (struct str){ NULL, 0 };
}

struct answer
ask_s3(const char *method, const char *target, struct str headers,
    struct str body)
{
	const struct ask	a = { SIGNED, method, str_of(target), headers,
	    body, false };

	return ask(&a);
}

struct answer
ask_api(const char *method, const char *target, struct str body)
{
	const struct ask	a = { BASIC, method, str_printf(cx.mem,
	    "/api/v1%s", target), STR("Content-Type:application/json"), body,
	    false };

	return ask(&a);
}
