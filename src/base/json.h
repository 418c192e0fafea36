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

/*
 * The same with a member that is a long array of strings: *out has it empty,
 * and json_next_str gives its items one by one, each parsed alone; *there is
 * false behind the last.
 */
struct json_list {
	const char	*name;
	struct str	 rest;		/* of the text, between the brackets */
	bool		 more;		/* a comma was the last thing read */
	void		*parser;
};
enum err	json_parse_list(struct cx *cx, struct str text,
		    const char *name, struct json *out,
		    struct json_list *list);
/* The item is in the text or in the arena. */
enum err	json_next_str(struct cx *cx, struct json_list *list,
		    struct str *out, bool *there);

bool		json_has(struct json o, const char *name);
/* Members of an object.  Absent or null leaves *out alone; wrong type fails. */
enum err	json_get_str(struct cx *cx, struct json o, const char *name,
		    struct str *out);
enum err	json_get_bool(struct cx *cx, struct json o, const char *name,
		    bool *out);
enum err	json_get_int(struct cx *cx, struct json o, const char *name,
		    int64_t *out);
enum err	json_get_map(struct cx *cx, struct json o, const char *name,
		    struct pair **out, size_t *n);	/* of strings */
/* The same, but absent or null is E_BAD_JSON too. */
enum err	json_need_str(struct cx *cx, struct json o, const char *name,
		    struct str *out);

/* Documents that are no plain records are walked. */
enum json_kind { JSON_OTHER, JSON_STR, JSON_INT, JSON_ARRAY, JSON_OBJECT };
struct json_item {
	struct str	name;		/* of a member, else "" */
	struct json	value;
};
enum json_kind	json_kind(struct json v);
/* Items of an array, members of an object; anything else is its one item. */
size_t		json_items(struct cx *cx, struct json v,
		    struct json_item **out);
bool		json_member(struct json o, const char *name,
		    struct json *out);
struct str	json_text(struct json v);	/* of a string or a number */

/*
 * Writing: commas are put where they belong.  name is NULL inside arrays and
 * for the outermost value.
 */
struct json_out {
	struct buf	*b;
	bool		 comma;
};

void	json_open(struct json_out *j, const char *name, char bracket);
void	json_close(struct json_out *j, char bracket);
void	json_put_str(struct json_out *j, const char *name, struct str s);
void	json_put_int(struct json_out *j, const char *name, int64_t v);
void	json_put_bool(struct json_out *j, const char *name, bool v);
void	json_put_map(struct json_out *j, const char *name,
	    const struct pair *at, size_t n);

#endif
