/* Requests made by hand: their headers and parameters as lines of text. */
#ifndef TESTS_UNIT_REQUEST_H
#define TESTS_UNIT_REQUEST_H

#include "base/vec.h"
#include "http/http.h"
#include "unit/unit.h"

/* "name<sep>value" on each line. */
static inline size_t
pairs_of(struct arena *mem, const char *lines, char sep, struct pair **out)
{
	VEC(struct pair)	v = { 0 };
	struct str		rest = str_of(lines), line;
	struct pair		*p;
	size_t			at;

	while (str_split(&rest, '\n', &line)) {
		if (line.n == 0)
			continue;
		at = str_find(line, sep);
		p = VEC_PUSH(mem, &v);
		p->name = str_to(line, at);
		p->value = str_trim(str_from(line, at + 1));
	}
	*out = v.n > 0 ? v.at : arena_get(mem, sizeof *p);
	return v.n;
}

/* Headers "name: value", names in lower case; parameters "name=value". */
static inline struct request
request_of(struct arena *mem, enum method method, const char *headers,
    const char *query)
{
	struct request	req = { .method = method };

	req.n_headers = pairs_of(mem, headers, ':', &req.headers);
	req.n_query = pairs_of(mem, query, '=', &req.query);
	return req;
}

#endif
