/*
 * Fuzz targets for everything that reads bytes from outside.
 *
 * With -DTARGET=name (and -fsanitize=fuzzer) a libFuzzer program of one
 * target; without, a program that replays corpus/<target>/ and thousands of
 * mutations of it, which `make check` runs:  fuzz_replay CORPUS [ROUNDS]
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "auth/auth.h"
#include "base/buf.h"
#include "base/cx.h"
#include "base/digest.h"
#include "base/enc.h"
#include "base/fileio.h"
#include "base/json.h"
#include "base/log.h"
#include "base/when.h"
#include "base/xml.h"
#include "block/block.h"
#include "engine/engine.h"
#include "engine/node.h"
#include "http/http.h"
#include "kv/kv.h"
#include "lake/lakepath.h"
#include "lake/names.h"
#include "lake/record.h"
#include "lake/refexpr.h"
#include "lake/target.h"
#include "net/sigv4.h"
#include "s3/s3.h"
#include "store/store.h"

static struct cx	cx;

/* ---- small parsers, with their inverse where there is one -------------- */

static void
fuzz_path(struct str in)
{
	struct lakepath	lp = lakepath_parse(STR("repo"), in);
	struct refexpr	x;

	if (lp.slash)
		assert(str_is(in, lakepath_key(cx.mem, lp.ref, lp.path)));
	if (refexpr_parse(&cx, lp.ref, &x) == OK)
		assert(x.base.n > 0 && x.n_steps <= REF_STEPS);
	name_check_repo(&cx, in);
	name_check_branch(&cx, in);
	name_check_tag(&cx, in);
	target_path(&cx, in);
}

static void
fuzz_encodings(struct str in)
{
	struct str	back, out;
	struct buf	b;
	char		*raw = arena_get(cx.mem, in.n + 4);
	int64_t		ms, again;
	size_t		n;

	buf_init(&b, cx.mem, 1 << 24);
	enc_percent(&b, in, true);
	assert(enc_unpercent(cx.mem, buf_as_str(&b), false, &back) &&
	    str_is(in, back));
	enc_unpercent(cx.mem, in, true, &out);
	back = enc_base64(cx.mem, in.p, in.n);
	assert(enc_unbase64_any(back, raw, in.n, &n) && n == in.n &&
	    memcmp(raw, in.p, n) == 0);
	enc_unbase64_any(in, raw, in.n, &n);
	enc_xml(&b, in);
	enc_json(&b, in);
	if (when_amz_parse(in, &ms))
		assert(when_amz_parse(when_amz(cx.mem, ms), &again) &&
		    again == ms);
	when_http_parse(in, &ms);
	when_iso_parse(in, &ms);
}

static void
fuzz_range(struct str in)
{
	static const uint64_t	sizes[] = { 0, 1, 10, UINT64_MAX / 2 };
	struct span		s;
	size_t			i;

	for (i = 0; i < 4; i++)
		if (span_parse(&cx, in, sizes[i], &s) == OK)
			assert(s.off <= sizes[i] && s.len <= sizes[i] - s.off);
}

static void
fuzz_records(struct str in)
{
	struct headmove	m;
	struct branch	br;
	struct commit	c;
	struct upload	u;
	struct entry	en, again;
	struct repo	r;
	struct buf	b;

	if (entry_parse(&cx, in, &en) == OK) {
		buf_init(&b, cx.mem, 1 << 24);
		entry_format(&b, &en);
		assert(entry_parse(&cx, buf_as_str(&b), &again) == OK &&
		    entry_same(&en, &again));
	}
	manifest_parse(&cx, in, &en);
	repo_parse(&cx, in, &r);
	branch_parse(&cx, in, &br);
	commit_parse(&cx, in, &c);
	headmove_parse(&cx, in, &m);
	upload_parse(&cx, in, &u);
}

static void
fuzz_node(struct str in)
{
	struct node_it	*it = arena_get(cx.mem, sizeof *it);
	struct node	*n;

	if (in.n < NODE_HEADER + 4)
		return;
	n = node_wrap(in.p, in.n);
	for (node_begin(it, n); node_step(it);)
		assert(it->nkey > 0 && it->nkey <= sizeof it->key);
	node_seek(it, n, STR("k"));
	node_release(n);
}

static void
fuzz_xml(struct str in)
{
	struct xml	root, x;
	bool		more;

	if (xml_parse(&cx, in, "Delete", &root) != OK)
		return;
	for (more = xml_child(root, "Object", &x); more;
	    more = xml_next(x, "Object", &x))
		xml_text(&cx, x, "Key");
}

static void
fuzz_json(struct str in)
{
	struct json	o;
	struct str	s, *list;
	struct pair	*map;
	int64_t		v;
	size_t		n;
	bool		b;

	if (json_parse(&cx, in, &o) != OK)
		return;
	json_get_str(&cx, o, "a", &s);
	json_get_int(&cx, o, "a", &v);
	json_get_bool(&cx, o, "a", &b);
	json_get_map(&cx, o, "a", &map, &n);
	json_get_strs(&cx, o, "a", 10, &list, &n);
}

/* A source that gives few bytes at a time. */
struct drops {
	struct str	left;
	size_t		most;
};

static enum err
drops_read(struct cx *in_cx, void *self, void *p, size_t n, size_t *got)
{
	struct drops	*d = self;

	(void)in_cx;
	*got = d->left.n < n ? d->left.n : n;
	*got = *got < d->most ? *got : d->most;
	memcpy(p, d->left.p, *got);
	d->left = str_from(d->left, *got);
	return OK;
}

/* Names and contents of a form, in windows of n bytes. */
static enum err
form_digest(struct str type, struct str body, size_t n, struct buf *out)
{
	struct drops		 drops = { body, n };
	struct pair		 h = { STR("content-type"), type };
	struct request		 req = { .headers = &h, .n_headers = 1,
	    .body = { drops_read, &drops } };
	struct form_part	 part;
	struct source		 content;
	struct form		*f;
	char			 window[4096];
	size_t			 got;
	enum err		 e;
	bool			 there;

	if ((e = form_open(&cx, &req, &f)) != OK)
		return e;
	while ((e = form_next(&cx, f, &part, &there)) == OK && there) {
		buf_field(out, part.name);
		buf_field(out, part.filename);
		content = form_content(f);
		while ((e = source_read(&cx, &content, window,
		    n < sizeof window ? n : sizeof window, &got)) == OK &&
		    got > 0)
			buf_add(out, window, got);
		if (e != OK)
			break;
	}
	return e;
}

/* However its bytes come, a form says the same. */
static void
fuzz_form(struct str in)
{
	size_t		at = str_find(in, '\n');
	struct buf	a, b;
	enum err	e;

	buf_init(&a, cx.mem, 1 << 20);
	buf_init(&b, cx.mem, 1 << 20);
	e = form_digest(str_to(in, at), str_from(in, at + 1), 3, &a);
	assert(form_digest(str_to(in, at), str_from(in, at + 1), 60000,
	    &b) == e);
	assert(str_is(buf_as_str(&a), buf_as_str(&b)));
}

/* ---- whole requests over a lake in memory ------------------------------ */

#define ID	"AKIAFUZZ"
#define SECRET	"fuzzing-secret"

static struct {
	struct kv	*kv;
	struct block	*block;
	struct engine	*eng;
	struct store	*store;
	struct auth	*auth;
	unsigned	 served;
} lake;

static void
lake_close(void)
{
	auth_close(lake.auth);
	store_close(lake.store);
	engine_close(lake.eng);
	block_close(lake.block);
	kv_close(lake.kv);
}

static void
lake_open(void)
{
	struct repo		 r = { .name = STR("repo"),
	    .default_branch = STR("main"), .storage_namespace = STR("local://r") };
	char			 dir[] = "/tmp/fuzz.XXXXXX";
	struct engine_opts	 o;
	struct key		 k;
	struct cx		 own;

	cx_init(&own, arena_new());
	lake.kv = kv_mem_open();
	lake.block = block_mem_open();
	engine_defaults(&o);
	o.area_rows = 20;
	o.area_tombs = 10;
	o.inline_max = 64;
	lake.eng = engine_open(lake.kv, lake.block, &o);
	lake.store = store_engine_open(lake.eng);
	if (mkdtemp(dir) == NULL || engine_init(&own, lake.eng) != OK ||
	    repo_create(&own, lake.eng, &r, STR("me")) != OK ||
	    auth_make_master(&own, dir, "key") != OK ||
	    auth_open(&own, lake.kv, str_printf(own.mem, "%s/key", dir).p,
	    &lake.auth) != OK || key_create(&own, lake.auth, STR("me"),
	    STR(ID), STR(SECRET), &k) != OK)
		abort();
	file_unlink(&own, str_printf(own.mem, "%s/key", dir).p);
	remove(dir);
	arena_free(own.mem);
}

/*
 * Lines up to an empty one are "METHOD target" and headers, the rest is the
 * body.  The request is signed here, so that what is behind is reached.
 */
struct fuzzed {
	struct request	 req;
	struct front_body body;
	char		*env[64];
	size_t		 n;
	bool		 chunks;
};

static void
variable(struct fuzzed *f, const char *name, struct str value)
{
	if (f->n < 60)
		f->env[f->n++] = str_z(cx.mem, str_printf(cx.mem, "%s=%.*s",
		    name, STRF(value)));
}

static bool
request_of(struct str in, struct fuzzed *f)
{
	struct str	line, rest = in, part;
	char		*name;
	size_t		i, at;

	memset(f, 0, sizeof *f);
	if (!str_split(&rest, '\n', &line))
		return false;
	at = str_find(line, ' ');
	variable(f, "REQUEST_METHOD", str_to(line, at));
	variable(f, "REQUEST_URI", str_from(line, at + 1));
	variable(f, "HTTP_HOST", STR("h"));
	while (rest.p != NULL && str_split(&rest, '\n', &line) && line.n > 0) {
		at = str_find(line, ':');
		part = str_to(line, at);
		name = str_z(cx.mem, str_printf(cx.mem, "HTTP_%.*s",
		    STRF(part)));
		for (i = 5; name[i] != '\0'; i++)
			name[i] = name[i] == '-' ? '_' : name[i] >= 'a' &&
			    name[i] <= 'z' ? (char)(name[i] - 32) : name[i];
		if (strcmp(name, "HTTP_CONTENT_TYPE") == 0)
			name += 5;
		variable(f, name, str_from(line, at + 1));
	}
	if (rest.p == NULL)
		rest = STR("");
	variable(f, "CONTENT_LENGTH", str_printf(cx.mem, "%zu", rest.n));
	f->body = (struct front_body){ source_of_str(&cx, rest), true,
	    NULL };
	return true;
}

static int
by_name(const void *a, const void *b)
{
	return str_cmp(((const struct pair *)a)->name,
	    ((const struct pair *)b)->name);
}

/* All that must be signed, as they came. */
static struct str
s3_authorization(const struct request *req, struct str date)
{
	struct pair		*h = arena_get(cx.mem, (req->n_headers + 1) *
	    sizeof *h);
	struct str		payload = request_header(req,
	    "x-amz-content-sha256"), sts, canonical;
	struct sigv4_request	r = { .method = req->method_name,
	    .path = req->path, .query = req->query, .n_query = req->n_query,
	    .headers = h,
	    .payload = payload.n > 0 ? payload : STR("UNSIGNED-PAYLOAD") };
	unsigned char		key[SHA256_BYTES];
	struct buf		names;
	char			hex[65];
	size_t			i;

	buf_init(&names, cx.mem, 1 << 20);
	for (i = 0; i < req->n_headers; i++)
		if (str_is(req->headers[i].name, STR("host")) ||
		    str_starts(req->headers[i].name, STR("x-amz-")))
			h[r.n_headers++] = req->headers[i];
	qsort(h, r.n_headers, sizeof *h, by_name);
	for (i = 0; i < r.n_headers; i++)
		buf_printf(&names, "%s%.*s", i > 0 ? ";" : "",
		    STRF(h[i].name));
	sts = sigv4_string_to_sign(&cx, &r, date, str_printf(cx.mem,
	    "%.8s/r/s3/aws4_request", date.p), &canonical);
	sigv4_key(&cx, STR(SECRET), str_to(date, 8), STR("r"), STR("s3"), key);
	sigv4_sign(key, sts, hex);
	return str_printf(cx.mem, "AWS4-HMAC-SHA256 Credential=" ID "/%.8s/r/"
	    "s3/aws4_request, SignedHeaders=%.*s, Signature=%s",
	    date.p, STRF(buf_as_str(&names)), hex);
}

/* Any answer will do, but 500: that would be our own fault. */
static void
check_answer(struct response *res)
{
	char		window[4096];
	size_t		got = 1;

	if (res->status == 500) {
		fprintf(stderr, "500: %s %s (%s:%d)\n", err_name(cx.code),
		    cx.words, cx.file, cx.line);
		abort();
	}
	while (res->has_source && got > 0 && source_read(&cx, &res->source,
	    window, sizeof window, &got) == OK)
		continue;
	/* The memory store grows with each: a new one now and then. */
	if (++lake.served % 3000 == 0) {
		arena_empty(cx.mem);
		lake_close();
		lake_open();
	}
}

static void
fuzz_s3(struct str in)
{
	const struct s3_opts	opt = { .region = STR("r") };
	struct s3_note		note;
	struct response		res;
	struct fuzzed		f;
	struct str		date = when_amz(cx.mem, cx.now);

	if (!request_of(in, &f))
		return;
	variable(&f, "HTTP_X_AMZ_DATE", date);
	if (request_from_env(&cx, f.env, &f.body, &f.req) != OK)
		return;
	if (request_header(&f.req, "authorization").n == 0) {
		variable(&f, "HTTP_AUTHORIZATION", s3_authorization(&f.req,
		    date));
		if (request_from_env(&cx, f.env, &f.body, &f.req) != OK)
			return;
	}
	response_init(&res, &cx);
	s3_handle(&cx, lake.store, lake.auth, &opt, &f.req, &res, &note);
	check_answer(&res);
}

static void
fuzz_api(struct str in)
{
	const struct api_opts	opt = { .version = STR("1.0.0") };
	struct api_note		note;
	struct response		res;
	struct fuzzed		f;

	if (!request_of(in, &f))
		return;
	variable(&f, "HTTP_AUTHORIZATION", str_printf(cx.mem, "Basic %.*s",
	    STRF(enc_base64(cx.mem, ID ":" SECRET,
	    sizeof ID ":" SECRET - 1))));
	if (request_from_env(&cx, f.env, &f.body, &f.req) != OK ||
	    !str_starts(f.req.raw_path, STR("/api/v1/")))
		return;
	response_init(&res, &cx);
	api_handle(&cx, lake.store, lake.auth, &opt, &f.req, &res, &note);
	check_answer(&res);
}

static const struct target {
	const char	*name;
	void		(*run)(struct str);
} targets[] = {
	{ "path", fuzz_path }, { "encodings", fuzz_encodings },
	{ "range", fuzz_range }, { "records", fuzz_records },
	{ "node", fuzz_node }, { "xml", fuzz_xml }, { "json", fuzz_json },
	{ "form", fuzz_form }, { "s3", fuzz_s3 }, { "api", fuzz_api },
};

enum { TARGETS = sizeof targets / sizeof targets[0] };

static void
run(const struct target *t, struct str in)
{
	static bool	ready;

	if (!ready) {
		lake_open();
		ready = true;
	}
	cx_init(&cx, cx.mem != NULL ? cx.mem : arena_new());
	t->run(in);
	arena_empty(cx.mem);
}

#ifdef TARGET
#define TEXT_OF(x)	#x
#define NAME_OF(x)	TEXT_OF(x)
int	LLVMFuzzerTestOneInput(const unsigned char *p, size_t n);

int
LLVMFuzzerTestOneInput(const unsigned char *p, size_t n)
{
	size_t	i;

	for (i = 0; i < TARGETS; i++)
		if (strcmp(targets[i].name, NAME_OF(TARGET)) == 0)
			run(&targets[i], (struct str){ (const char *)p, n });
	return 0;
}
#else
struct replay {
	const struct target	*t;
	const char		*dir;
	unsigned		 rounds, done;
};

/* Some bytes change, go, come, or stand twice. */
static struct str
mutate(char *p, size_t n, size_t room)
{
	unsigned	k, times = 1 + (unsigned)rand() % 4;
	size_t		at, len;

	for (k = 0; k < times && n > 0; k++) {
		at = (size_t)rand() % n;
		switch (rand() % 4) {
		case 0:
			p[at] = (char)rand();
			break;
		case 1:
			n = at + 1;
			break;
		case 2:
			len = (size_t)rand() % (n - at) + 1;
			memmove(p + at, p + at + len, n - at - len);
			n -= len;
			break;
		default:
			len = (size_t)rand() % (n - at) + 1;
			if (n + len > room)
				break;
			memmove(p + at + len, p + at, n - at);
			n += len;
		}
	}
	return (struct str){ p, n };
}

static enum err
replay_one(struct cx *own, const char *name, void *arg)
{
	struct replay	*r = arg;
	struct str	 text, path = str_printf(own->mem, "%s/%s", r->dir,
	    name);
	unsigned	 i;
	char		*p;

	if (file_read_all(own, path.p, 1 << 20, &text) != OK)
		return own->code;
	run(r->t, text);
	for (i = 0; i < r->rounds; i++) {
		p = malloc(2 * text.n + 64);
		memcpy(p, text.p, text.n);
		run(r->t, mutate(p, text.n, 2 * text.n + 64));
		free(p);
	}
	r->done++;
	return OK;
}

int
main(int argc, char **argv)
{
	struct replay	r = { .rounds = argc > 2 ?
	    (unsigned)atoi(argv[2]) : 300 };
	struct cx	own;
	size_t		i;

	if (argc < 2)
		return 2;
	srand(1);
	cx_init(&own, arena_new());
	log_set_level(STR("error"));
	for (i = 0; i < TARGETS; i++) {
		r.t = &targets[i];
		r.done = 0;
		r.dir = str_printf(own.mem, "%s/%s", argv[1],
		    targets[i].name).p;
		if (file_each(&own, r.dir, replay_one, &r) != OK ||
		    r.done == 0) {
			fprintf(stderr, "%s: %s\n", r.dir, own.words);
			return 1;
		}
		printf("%s: %u inputs, %u mutations each\n", targets[i].name,
		    r.done, r.rounds);
	}
	arena_free(cx.mem);
	lake_close();
	arena_free(own.mem);
	return 0;
}
#endif
