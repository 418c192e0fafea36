/* JSON in and out.  Home of json-c. */
#include "base/json.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "base/budget.h"
#include "base/buf.h"
#include "base/cx.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/limit.h"

/* What json-c takes for an array or object, and for any other value. */
enum { OBJECT_COST = 1024, VALUE_COST = 128 };

/* ---- a text before it is parsed ---------------------------------------- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static struct str
trimmed(struct str s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = str_from(s, 1);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* The closing quote of the string that begins at i, or s.n. */
static size_t
string_end(struct str s, size_t i)
{
	for (i++; i < s.n && s.p[i] != '"'; i++)
		if (s.p[i] == '\\')
			i++;
	return i < s.n ? i : s.n;
}

/*
 * The end of what begins at i: the first comma or closing bracket that belongs
 * to none that opened since, or s.n.
 */
static size_t
item_end(struct str s, size_t i)
{
	size_t	open = 0;

	for (; i < s.n; i++)
		switch (s.p[i]) {
		case '"':
			i = string_end(s, i);
			break;
		case '[': case '{':
			open++;
			break;
		case ']': case '}':
			if (open-- == 0)
				return i;
			break;
		case ',':
			if (open == 0)
				return i;
			break;
		default:
			break;
		}
	return s.n;
}

/* Each bracket begins a value, and each comma another one. */
static enum err
check_size(struct cx *cx, struct str s)
{
	size_t	i, open = 0, deepest = 0, objects = 0, commas = 0;

	for (i = 0; i < s.n; i++)
		switch (s.p[i]) {
		case '"':
			i = string_end(s, i);
			break;
		case '[': case '{':
			objects++;
			if (++open > deepest)
				deepest = open;
			break;
		case ']': case '}':
			open -= open > 0;
			break;
		case ',':
			commas++;
			break;
		default:
			break;
		}
	if (!fault_skip("JSON_DEPTH") && deepest > LIMIT_JSON_DEPTH)
		return fail(cx, E_BAD_JSON, "arrays and objects may lie %d "
		    "deep in each other", LIMIT_JSON_DEPTH);
	if ((!fault_skip("JSON_OBJECTS") && objects > LIMIT_JSON_OBJECTS) ||
	    (!fault_skip("JSON_VALUES") &&
	    1 + objects + commas > LIMIT_JSON_VALUES))
		return fail(cx, E_BAD_JSON, "the body may have %d values, and "
		    "%d arrays and objects", LIMIT_JSON_VALUES,
		    LIMIT_JSON_OBJECTS);
	return budget_claim(cx, 2 * s.n + objects * OBJECT_COST +
	    commas * VALUE_COST);
}

/* ---- parsing ----------------------------------------------------------- */

static void
json_release(void *v)
{
	json_object_put(v);
}

static void
parser_release(void *tok)
{
	json_tokener_free(tok);
}

/* Of one text or of many. */
static json_tokener *
parser_new(struct cx *cx)
{
	json_tokener	*tok = json_tokener_new_ex(LIMIT_JSON_DEPTH + 1);

	if (tok == NULL)
		abort();
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT |
	    JSON_TOKENER_ALLOW_TRAILING_CHARS);
	arena_defer(cx->mem, parser_release, tok);
	return tok;
}

/* A value in brackets or quotes, and nothing behind it; the caller's to put. */
static enum err
parse_value(struct cx *cx, json_tokener *tok, struct str text,
    json_object **out)
{
	enum json_tokener_error	 bad;
	size_t			 end;

	json_tokener_reset(tok);
	*out = json_tokener_parse_ex(tok, text.p, (int)text.n);
	bad = json_tokener_get_error(tok);
	end = json_tokener_get_parse_end(tok);
	if (bad != json_tokener_success)
		return fail(cx, E_BAD_JSON, "the body is not JSON: %s",
		    json_tokener_error_desc(bad));
	return end >= text.n ? OK : fail(cx, E_BAD_JSON, "the body goes on "
	    "after the JSON value");
}

enum err
json_parse(struct cx *cx, struct str text, struct json *out)
{
	json_object	*v = NULL;
	enum err	 e;

	out->v = NULL;
	text = trimmed(text);
	if (text.n > INT32_MAX || !str_is_utf8(text))
		return fail(cx, E_BAD_JSON, "the body is not UTF-8");
	if ((e = check_size(cx, text)) != OK)
		return e;
	e = parse_value(cx, parser_new(cx), text, &v);
	if (v != NULL)
		arena_defer(cx->mem, json_release, v);
	if (e != OK)
		return e;
	if (json_object_get_type(v) != json_type_object)
		return fail(cx, E_BAD_JSON, "the body is not a JSON object");
	out->v = v;
	return OK;
}

static json_object *
json_find(struct json o, const char *name)
{
	json_object	*v = NULL;

	if (o.v == NULL || !json_object_object_get_ex(o.v, name, &v))
		return NULL;
	return v;
}

bool
json_has(struct json o, const char *name)
{
	return json_find(o, name) != NULL;
}

static struct str
text_of(json_object *v)
{
	return (struct str){ json_object_get_string(v),
	    (size_t)json_object_get_string_len(v) };
}

static enum err
wrong(struct cx *cx, const char *name, const char *type)
{
	return fail(cx, E_BAD_JSON, "\"%s\" must be %s", name, type);
}

enum err
json_get_str(struct cx *cx, struct json o, const char *name, struct str *out)
{
	json_object	*v = json_find(o, name);

	if (v == NULL)
		return OK;
	if (json_object_get_type(v) != json_type_string)
		return wrong(cx, name, "a string");
	*out = text_of(v);
	return OK;
}

enum err
json_need_str(struct cx *cx, struct json o, const char *name, struct str *out)
{
	if (json_find(o, name) == NULL)
		return fail(cx, E_BAD_JSON, "\"%s\" is required", name);
	return json_get_str(cx, o, name, out);
}

enum err
json_get_bool(struct cx *cx, struct json o, const char *name, bool *out)
{
	json_object	*v = json_find(o, name);

	if (v == NULL)
		return OK;
	if (json_object_get_type(v) != json_type_boolean)
		return wrong(cx, name, "true or false");
	*out = json_object_get_boolean(v);
	return OK;
}

enum err
json_get_int(struct cx *cx, struct json o, const char *name, int64_t *out)
{
	json_object	*v = json_find(o, name);

	if (v == NULL)
		return OK;
	if (json_object_get_type(v) != json_type_int)
		return wrong(cx, name, "an integer");
	*out = json_object_get_int64(v);
	return OK;
}

enum err
json_get_map(struct cx *cx, struct json o, const char *name, struct pair **out,
    size_t *n)
{
	struct json_object_iterator	 it, end;
	json_object			*v = json_find(o, name), *item;
	struct pair			*at;

	*n = 0;
	if (v == NULL)
		return OK;
	if (json_object_get_type(v) != json_type_object)
		return wrong(cx, name, "an object of strings");
	at = arena_get(cx->mem, (size_t)json_object_object_length(v) *
	    sizeof *at);
	it = json_object_iter_begin(v);
	end = json_object_iter_end(v);
	for (; !json_object_iter_equal(&it, &end);
	    json_object_iter_next(&it)) {
		item = json_object_iter_peek_value(&it);
		if (json_object_get_type(item) != json_type_string)
			return wrong(cx, name, "an object of strings");
		at[*n].name = str_of(json_object_iter_peek_name(&it));
		at[(*n)++].value = text_of(item);
	}
	*out = at;
	return OK;
}

enum json_kind
json_kind(struct json v)
{
	json_type	t = json_object_get_type(v.v);

	return t == json_type_string ? JSON_STR :
	    t == json_type_int ? JSON_INT :
	    t == json_type_array ? JSON_ARRAY :
	    t == json_type_object ? JSON_OBJECT : JSON_OTHER;
}

size_t
json_items(struct cx *cx, struct json v, struct json_item **out)
{
	struct json_object_iterator	 it = json_object_iter_init_default();
	struct json_item		*at;
	enum json_kind			 kind = json_kind(v);
	size_t				 i, n;

	n = kind == JSON_ARRAY ? json_object_array_length(v.v) :
	    kind == JSON_OBJECT ? (size_t)json_object_object_length(v.v) : 1;
	*out = at = arena_get(cx->mem, n * sizeof *at);
	if (kind == JSON_OBJECT)
		it = json_object_iter_begin(v.v);
	for (i = 0; i < n; i++) {
		if (kind == JSON_OBJECT) {
			at[i].name = str_of(json_object_iter_peek_name(&it));
			at[i].value.v = json_object_iter_peek_value(&it);
			json_object_iter_next(&it);
		} else
			at[i].value.v = kind != JSON_ARRAY ? v.v :
			    json_object_array_get_idx(v.v, i);
	}
	return n;
}

bool
json_member(struct json o, const char *name, struct json *out)
{
	out->v = json_kind(o) == JSON_OBJECT ? json_find(o, name) : NULL;
	return out->v != NULL;
}

struct str
json_text(struct json v)
{
	return json_kind(v) == JSON_STR ? text_of(v.v) :
	    str_of(json_object_get_string(v.v));
}

/* ---- lists ------------------------------------------------------------- */

/*
 * Where, in an object's text, the items of its member of this name lie, which
 * is an array; false: there is none.
 */
static bool
list_find(struct str s, struct str name, size_t *from, size_t *to)
{
	size_t		i, end;
	struct str	key;

	for (i = 1; i < s.n; i = end + 1) {
		while (i < s.n && is_blank(s.p[i]))
			i++;
		end = item_end(s, i);
		if (i == s.n || s.p[i] != '"')
			continue;
		key.p = s.p + i + 1;
		key.n = string_end(s, i) - i - 1;
		for (i += key.n + 2; i < end && (is_blank(s.p[i]) ||
		    s.p[i] == ':'); i++)
			continue;
		if (i >= end || s.p[i] != '[' || !str_is(key, name))
			continue;
		*from = i + 1;
		for (*to = i; *to < end && (*to == i || s.p[*to] == ',');)
			*to = item_end(s, *to + 1);
		return *to < end;
	}
	return false;
}

enum err
json_parse_list(struct cx *cx, struct str text, const char *name,
    struct json *out, struct json_list *list)
{
	struct json	items;
	struct buf	rest;
	size_t		from, to;
	enum err	e;

	text = trimmed(text);
	*list = (struct json_list){ .name = name };
	if (!str_is_utf8(text))
		return fail(cx, E_BAD_JSON, "the body is not UTF-8");
	if (!list_find(text, str_of(name), &from, &to))
		from = to = text.n;
	else
		list->rest = trimmed(str_from(str_to(text, to), from));
	buf_init(&rest, cx->mem, LIMIT_BODY);
	buf_str(&rest, str_to(text, from));
	buf_str(&rest, str_from(text, to));
	if (!buf_ok(&rest))
		return fail(cx, E_BAD_JSON, "the body may have %d bytes "
		    "beside \"%s\"", LIMIT_BODY, name);
	if ((e = json_parse(cx, buf_as_str(&rest), out)) != OK)
		return e;
	items.v = json_find(*out, name);
	if (json_kind(items) != JSON_ARRAY)
		return wrong(cx, name, "an array");
	/* One that the scan did not find has items still. */
	return json_object_array_length(items.v) == 0 ? OK :
	    fail(cx, E_BAD_JSON, "\"%s\" must be there once, by that name",
	    name);
}

/* A string without escapes is its own value. */
static bool
is_plain(struct str s)
{
	size_t	i;

	for (i = 1; i < s.n; i++)
		if (s.p[i] == '"' || s.p[i] == '\\' ||
		    (unsigned char)s.p[i] < 0x20)
			break;
	return s.n >= 2 && i == s.n - 1 && s.p[i] == '"';
}

enum err
json_next_str(struct cx *cx, struct json_list *list, struct str *out,
    bool *there)
{
	json_object	*v = NULL;
	struct str	 item;
	size_t		 end;
	enum err	 e;

	*there = list->more || list->rest.n > 0;
	if (!*there)
		return OK;
	end = item_end(list->rest, 0);
	item = trimmed(str_to(list->rest, end));
	list->more = end < list->rest.n;
	list->rest = str_from(list->rest, end + 1);
	if (item.n == 0 || item.p[0] != '"')
		return wrong(cx, list->name, "an array of strings");
	if (is_plain(item)) {
		*out = (struct str){ item.p + 1, item.n - 2 };
		return OK;
	}
	if (list->parser == NULL)
		list->parser = parser_new(cx);
	if ((e = parse_value(cx, list->parser, item, &v)) == OK)
		*out = str_dup(cx->mem, text_of(v));
	json_object_put(v);
	return e;
}

/* ---- writing ----------------------------------------------------------- */

static void
json_name(struct json_out *j, const char *name)
{
	if (j->comma)
		buf_byte(j->b, ',');
	j->comma = true;
	if (name == NULL)
		return;
	enc_json(j->b, str_of(name));
	buf_byte(j->b, ':');
}

void
json_open(struct json_out *j, const char *name, char bracket)
{
	json_name(j, name);
	buf_byte(j->b, bracket);
	j->comma = false;
}

void
json_close(struct json_out *j, char bracket)
{
	buf_byte(j->b, bracket);
	j->comma = true;
}

void
json_put_str(struct json_out *j, const char *name, struct str s)
{
	json_name(j, name);
	enc_json(j->b, s);
}

void
json_put_int(struct json_out *j, const char *name, int64_t v)
{
	json_name(j, name);
	buf_printf(j->b, "%lld", (long long)v);
}

void
json_put_bool(struct json_out *j, const char *name, bool v)
{
	json_name(j, name);
	buf_z(j->b, v ? "true" : "false");
}

void
json_put_map(struct json_out *j, const char *name, const struct pair *at,
    size_t n)
{
	char	*z;
	size_t	 i;

	json_open(j, name, '{');
	for (i = 0; i < n; i++) {
		z = str_z(j->b->mem, at[i].name);
		json_put_str(j, z, at[i].value);
	}
	json_close(j, '}');
}
