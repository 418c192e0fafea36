/*
 * What the fuzz targets share: one context for each execution, and one lake in
 * memory that every execution finds as it was made.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/str.h"

#define FUZZ_ID		"AKIAFUZZ"
#define FUZZ_SECRET	"fuzzing-secret"

extern struct cx	cx;

typedef void	fuzz_fn(struct str in);

/* parse: parsers, with their inverse where there is one. */
fuzz_fn	fuzz_path, fuzz_encodings, fuzz_range, fuzz_records, fuzz_node,
	fuzz_xml, fuzz_json, fuzz_form, fuzz_address;
/* request: whole requests, and all that says who sends them. */
fuzz_fn	fuzz_s3, fuzz_api, fuzz_rest, fuzz_query, fuzz_credential;
/* setter: what is stored must come back, what is refused changes nothing. */
fuzz_fn	fuzz_meta, fuzz_headers, fuzz_tags, fuzz_cors, fuzz_policy,
	fuzz_settings;
/* upload: bodies in frames and in forms. */
fuzz_fn	fuzz_chunked, fuzz_post;

/*
 * lake: repository "repo" with branches main, other and clean, tag t, objects
 * o (small), big (a block), and an upload of main/o with one part; repository
 * "private" with main/o.
 */
void	lake_reset(void);
/* Has nothing been written since? */
bool	lake_is_as_made(void);
void	lake_end(void);

enum asker { NOBODY, SIGNED, BASIC };

struct ask {
	enum asker	 who;
	const char	*method;
	struct str	 target;
	struct str	 headers;	/* lines "Name:value" */
	struct str	 body;
	bool		 ids;	/* in target and body the words UPLOAD,
				 * COMMIT and PART stand for the lake's ids */
};

struct answer {
	int		 status;	/* 0: it was no request */
	struct str	 headers, body;
};

/* Any answer will do, but 5xx (501 aside) or headers that are not well formed:
 * those end the program. */
struct answer	ask(const struct ask *a);
/* The value of a header of an answer; p NULL: it is not there. */
struct str	answer_header(const struct answer *a, const char *name);
/* What SIGNED would send as Authorization; seed is the signature in it. */
struct str	ask_signature(const struct ask *a, struct str *seed);
/* The date of every signature, its scope, and the key for both. */
struct str	ask_date(void);
struct str	ask_scope(void);
const unsigned char *ask_key(void);
struct answer	ask_s3(const char *method, const char *target,
		    struct str headers, struct str body);
struct answer	ask_api(const char *method, const char *target,
		    struct str body);
static inline bool
is_good(const struct answer *a)
{
	return a->status / 100 == 2;
}

#endif
