/* Parsers of everything that reads bytes from outside, with their inverse. */
#include "fuzz/fuzz.h"

#include "base/enc.h"
#include "base/json.h"
#include "base/when.h"
#include "base/xml.h"
#include "http/http.h"
#include "lake/lakepath.h"
#include "lake/names.h"
#include "lake/record.h"
#include "lake/frontier.h"
#include "lake/refexpr.h"
#include "lake/target.h"
#include "tree/node.h"

void
fuzz_path(struct str in)
{
	struct lakepath	lp = lakepath_parse(STR("repo"), in);
	struct frontier	f;
	struct refexpr	x;

	if (lp.slash)
		assert(str_is(in, lakepath_key(cx.mem, lp.ref, lp.path)));
	if (frontier_parse(&cx, in, &f) == OK)
		assert(str_is(in, frontier_format(&cx, &f)));
	if (refexpr_parse(&cx, lp.ref, &x) == OK)
		assert(x.base.n > 0 && x.n_steps <= REF_STEPS);
	name_check_repo(&cx, in);
	name_check_branch(&cx, in);
	name_check_tag(&cx, in);
	target_path(&cx, in);
}

void
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

void
fuzz_range(struct str in)
{
	static const uint64_t	sizes[] = { 0, 1, 10, UINT64_MAX / 2 };
	struct span		s;
	size_t			i;

	for (i = 0; i < 4; i++)
		if (span_parse(&cx, in, sizes[i], &s) == OK)
			assert(s.off <= sizes[i] && s.len <= sizes[i] - s.off);
}

void
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
	entry_manifest_parse(&cx, in, &en);
	repo_parse(&cx, in, &r);
	branch_parse(&cx, in, &br);
	commit_parse(&cx, in, &c);
	headmove_parse(&cx, in, &m);
	upload_parse(&cx, in, &u);
}

void
fuzz_node(struct str in)
{
	struct node_it		*it = arena_get(cx.mem, sizeof *it);
	struct node_builder	*b = arena_get(cx.mem, sizeof *b);
	struct node		*n;
	bool			 ended = false;

	if (in.n < NODE_HEADER + 4)
		return;
	n = node_wrap(in.p, in.n);
	node_begin(it, n);
	node_build(b, cx.mem, it->level);
	while (node_step(it)) {
		assert(it->nkey > 0 && it->nkey <= sizeof it->key);
		/* What may follow reaches no assert of the builder. */
		if (!ended && node_may_follow(it,
		    (struct str){ (char *)b->key, b->nkey }))
			ended = it->level == 0 ?
			    node_add_value(b, node_key(it), it->value) :
			    node_add_child(b, node_key(it), &it->child,
			    it->below);
	}
	if (b->count > 0)
		node_finish(b);
	node_seek(it, n, STR("k"));
	node_release(n);
}

void
fuzz_xml(struct str in)
{
	struct source	all = source_of_str(&cx, in);
	struct str	key, size;
	struct xml	*x;
	bool		there = true;

	if (xml_open(&cx, &all, "Delete", &x) != OK)
		return;
	while (there && xml_next(&cx, x, 0, &there) == OK)
		if (there && xml_fields(&cx, x, 1, (struct xml_field[]){
		    { "Key", &key }, { "Size", &size } }, 2) != OK)
			return;
	xml_close(&cx, x);
}

void
fuzz_json(struct str in)
{
	struct json	o;
	struct json_list list;
	struct str	s;
	struct pair	*map;
	int64_t		v;
	size_t		n;
	bool		b, there = true;

	if (json_parse_list(&cx, in, "a", &o, &list) == OK)
		while (there && json_next_str(&cx, &list, &s, &there) == OK)
			continue;
	if (json_parse(&cx, in, &o) != OK)
		return;
	json_get_str(&cx, o, "a", &s);
	json_get_int(&cx, o, "a", &v);
	json_get_bool(&cx, o, "a", &b);
	json_get_map(&cx, o, "a", &map, &n);
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
void
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

/* ---- addresses of clients ---------------------------------------------- */

static bool
is_text_of(struct str text, const struct address *a)
{
	struct address	b;

	return address_parse(text, &b) && memcmp(a, &b, sizeof b) == 0;
}

/* The proxies that are trusted; the peer; the headers that it sent.  Nobody
 * is known, or near, by what a peer says that is not trusted. */
void
fuzz_address(struct str in)
{
	struct request	 req = { .remote = STR("") };
	struct proxies	*p;
	struct address	 a;
	struct str	 trusted, line, rest = in;
	struct pair	*h = arena_get(cx.mem, 8 * sizeof *h);
	size_t		 at;

	if (address_parse(in, &a))
		assert(is_text_of(address_text(&cx, &a), &a));
	if (!str_split(&rest, '\n', &trusted) ||
	    !str_split(&rest, '\n', &req.remote) ||
	    proxies_parse(&cx, trusted, &p) != OK)
		return;
	req.headers = h;
	while (req.n_headers < 8 && str_split(&rest, '\n', &line)) {
		at = str_find(line, ':');
		h[req.n_headers++] = (struct pair){
		    str_lower(cx.mem, str_to(line, at)),
		    str_trim(str_from(line, at + 1)) };
	}
	client_find(&cx, p, &req);
	assert(!req.client.known || is_text_of(req.client.name,
	    &req.client.address));
	if (str_trim(trusted).n == 0 &&
	    request_header(&req, "x-forwarded-for").p != NULL)
		assert(!req.client.known && !req.client.near);
}
