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
/* The n bytes of 2n hex digits, in any case; false: s is not that. */
bool		 enc_unhex(struct str s, void *out, size_t n);

/* Base64 with padding, in mem.  [RFC 4648 4] */
struct str	 enc_base64(struct arena *mem, const void *p, size_t n);
/* The n bytes of s; false when it is not base64 with padding, or not of
 * exactly n bytes. */
bool		 enc_unbase64(struct str s, void *out, size_t n);
/* The same of at most room bytes: *n says how many they are. */
bool		 enc_unbase64_any(struct str s, void *out, size_t room,
		    size_t *n);

/* Append s with all but A-Za-z0-9-_.~ as %XX; "/" too if slashes. [SigV4] */
void		 enc_percent(struct buf *b, struct str s, bool slashes);
/* Decode %XX once, into mem; false on a bad escape.  With plus, "+" is a
 * space. */
bool		 enc_unpercent(struct arena *mem, struct str s, bool plus,
		    struct str *out);

/*
 * Append s escaped for text and attributes of XML.  A byte that is not UTF-8,
 * or a control character that XML has no form for, becomes U+FFFD.
 */
void		 enc_xml(struct buf *b, struct str s);
/* Append s as a JSON string with its quotes; what is not UTF-8, as above. */
void		 enc_json(struct buf *b, struct str s);

#endif
