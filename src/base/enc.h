/* Encodings: hex, base64, percent, and the escapes of XML and JSON. */
#ifndef BASE_ENC_H
#define BASE_ENC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct arena;
struct buf;

/* Lower-case hex of n bytes into z, which has room for 2n digits and a NUL. */
void		 enc_hex(char *z, const void *p, size_t n);
/* The same as a slice in mem, terminated. */
struct str	 enc_hex_str(struct arena *mem, const void *p, size_t n);
bool		 enc_unhex(struct str s, void *out, size_t n);	/* any case */

struct str	 enc_base64(struct arena *mem, const void *p, size_t n);
/* Strict base64 with padding, of exactly n bytes. */
bool		 enc_unbase64(struct str s, void *out, size_t n);
/* Of at most room bytes; false when not base64 or longer. */
bool		 enc_unbase64_any(struct str s, void *out, size_t room,
		    size_t *n);

/* Percent-encode all but A-Za-z0-9-_.~ and, unless slashes, "/". [SigV4] */
void		 enc_percent(struct buf *b, struct str s, bool slashes);
/* Decode %XX once; false on a bad escape.  With plus, "+" is a space. */
bool		 enc_unpercent(struct arena *mem, struct str s, bool plus,
		    struct str *out);

void		 enc_xml(struct buf *b, struct str s); /* text and attributes */
void		 enc_json(struct buf *b, struct str s);	/* with the quotes */

#endif
