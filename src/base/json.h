/*
 * JSON: values read from request bodies, and a writer into a buf.
 * Home of json-c.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct buf;
struct cx;

struct json {			/* a value; what it points to is the arena's */
	void	*v;
};

/*
 * An object, in UTF-8 and within LIMIT_JSON_DEPTH, _OBJECTS and _VALUES: the
 * text is counted, and the memory for its values claimed, before there is any.
 * E_BAD_JSON, E_BUSY.
 */
enum err	json_parse(struct cx *cx, struct str text, struct json *out);

/* A long array of strings, whose items are parsed one by one. */
struct json_list {
	const char	*name;
	struct str	 rest;		/* of the text, between the brackets */
	bool		 more;		/* a comma was the last thing read */
	void		*parser;
};
/*
 * The same for an object of which the member `name` is a long array of strings:
 * it is empty in *out, and its items come from *list.  E_BAD_JSON also when
 * there is no such array.
 */
enum err	json_parse_list(struct cx *cx, struct str text,
		    const char *name, struct json *out,
		    struct json_list *list);
/* The next item, a slice of the text or in the arena; *there is false behind
 * the last.  E_BAD_JSON: it is not a string. */
enum err	json_next_str(struct cx *cx, struct json_list *list,
		    struct str *out, bool *there);

/* Has the object this member, and is it not null? */
bool		json_has(struct json o, const char *name);
/*
 * A member of an object.  When it is absent or null, *out stays as it is;
 * E_BAD_JSON when it is of another type.  Strings belong to the arena.
 */
enum err	json_get_str(struct cx *cx, struct json o, const char *name,
		    struct str *out);
/* The same for true and false. */
enum err	json_get_bool(struct cx *cx, struct json o, const char *name,
		    bool *out);
/* The same for an integer; one beyond 64 bits is the nearest within. */
enum err	json_get_int(struct cx *cx, struct json o, const char *name,
		    int64_t *out);
/* The same for an object whose members all are strings; *n is 0 when it is
 * absent. */
enum err	json_get_map(struct cx *cx, struct json o, const char *name,
		    struct pair **out, size_t *n);
/* As json_get_str, but absent or null is E_BAD_JSON too. */
enum err	json_need_str(struct cx *cx, struct json o, const char *name,
		    struct str *out);

/* For documents of unknown shape. */
enum json_kind { JSON_OTHER, JSON_STR, JSON_INT, JSON_ARRAY, JSON_OBJECT };
struct json_item {
	struct str	name;		/* of a member, else "" */
	struct json	value;
};
/* What kind of value it is. */
enum json_kind	json_kind(struct json v);
/* Items of an array, members of an object; anything else is its one item. */
size_t		json_items(struct cx *cx, struct json v,
		    struct json_item **out);
/* A member of an object; false: it is no object, or has none, or it is null. */
bool		json_member(struct json o, const char *name,
		    struct json *out);
/* The text of a string; of anything else, as JSON writes it. */
struct str	json_text(struct json v);

/*
 * Writing: appended to a buf, with commas where they belong.  name is NULL
 * inside arrays and for the outermost value.
 */
struct json_out {
	struct buf	*b;
	bool		 comma;
};

/* Begin an array or object: bracket is [ or {. */
void	json_open(struct json_out *j, const char *name, char bracket);
/* End it: bracket is ] or }. */
void	json_close(struct json_out *j, char bracket);
/* A string, escaped. */
void	json_put_str(struct json_out *j, const char *name, struct str s);
/* An integer. */
void	json_put_int(struct json_out *j, const char *name, int64_t v);
/* true or false. */
void	json_put_bool(struct json_out *j, const char *name, bool v);
/* An object of n strings. */
void	json_put_map(struct json_out *j, const char *name,
	    const struct pair *at, size_t n);

#endif
