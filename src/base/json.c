/* JSON in and out.  Home of json-c. */
#include "base/json.h"

#include <json-c/json.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/enc.h"

enum { DEPTH = 32 };

static void
json_release(void *v)
{
	json_object_put(v);
}

enum err
json_parse(struct cx *cx, struct str text, struct json *out)
{
	struct json_tokener	*tok;
	enum json_tokener_error	 bad;
	size_t			 end;

	if (text.n > INT32_MAX || !str_is_utf8(text))
		return fail(cx, E_BAD_JSON, "the body is not UTF-8");
	tok = json_tokener_new_ex(DEPTH);
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT |
	    JSON_TOKENER_ALLOW_TRAILING_CHARS);
	out->v = json_tokener_parse_ex(tok, text.p, (int)text.n);
	bad = json_tokener_get_error(tok);
	end = json_tokener_get_parse_end(tok);
	json_tokener_free(tok);
	if (out->v != NULL)
		arena_defer(cx->mem, json_release, out->v);
	if (bad != json_tokener_success)
		return fail(cx, E_BAD_JSON, "the body is not JSON: %s",
		    json_tokener_error_desc(bad));
	for (; end < text.n; end++)
		if (text.p[end] != ' ' && text.p[end] != '\n' &&
		    text.p[end] != '\r' && text.p[end] != '\t')
			return fail(cx, E_BAD_JSON,
			    "the body goes on after the JSON value");
	if (json_object_get_type(out->v) != json_type_object)
		return fail(cx, E_BAD_JSON, "the body is not a JSON object");
	return OK;
}

static json_object *
member(struct json o, const char *name)
{
	json_object	*v = NULL;

	if (o.v == NULL || !json_object_object_get_ex(o.v, name, &v))
		return NULL;
	return v;
}

bool
json_has(struct json o, const char *name)
{
	return member(o, name) != NULL;
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
	json_object	*v = member(o, name);

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
	if (member(o, name) == NULL)
		return fail(cx, E_BAD_JSON, "\"%s\" is required", name);
	return json_get_str(cx, o, name, out);
}

enum err
json_get_bool(struct cx *cx, struct json o, const char *name, bool *out)
{
	json_object	*v = member(o, name);

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
	json_object	*v = member(o, name);

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
	json_object			*v = member(o, name), *item;
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

enum err
json_get_strs(struct cx *cx, struct json o, const char *name, size_t max,
    struct str **out, size_t *n)
{
	json_object	*v = member(o, name), *item;
	struct str	*at;
	size_t		 i;

	*n = 0;
	if (v == NULL)
		return OK;
	if (json_object_get_type(v) != json_type_array)
		return wrong(cx, name, "an array of strings");
	*n = json_object_array_length(v);
	if (*n > max)
		return fail(cx, E_BAD_JSON, "\"%s\" may have %zu items at most",
		    name, max);
	at = arena_get(cx->mem, *n * sizeof *at);
	for (i = 0; i < *n; i++) {
		item = json_object_array_get_idx(v, i);
		if (json_object_get_type(item) != json_type_string)
			return wrong(cx, name, "an array of strings");
		at[i] = text_of(item);
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
	out->v = json_kind(o) == JSON_OBJECT ? member(o, name) : NULL;
	return out->v != NULL;
}

struct str
json_text(struct json v)
{
	return json_kind(v) == JSON_STR ? text_of(v.v) :
	    str_of(json_object_get_string(v.v));
}

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
