/*
 * Growing bytes in an arena, with a cap and a sticky failure: append freely,
 * ask buf_ok once at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct arena;

struct buf {
	struct arena	*mem;
	char		*p;
	size_t		 n, room, cap;
	bool		 failed;	/* something did not fit under cap */
};

/* An empty buffer in mem that holds at most cap bytes. */
void	buf_init(struct buf *b, struct arena *mem, size_t cap);
/* Append n bytes, or none of them and fail when they go over cap. */
void	buf_add(struct buf *b, const void *p, size_t n);
/* Append one byte. */
void	buf_byte(struct buf *b, int c);
/* Append the bytes of s. */
void	buf_str(struct buf *b, struct str s);
/* Append a terminated string, without its NUL. */
void	buf_z(struct buf *b, const char *z);
/* Append what printf writes. */
void	buf_printf(struct buf *b, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* Has it everything that was appended? */
bool	buf_ok(const struct buf *b);
/* What it holds, valid until more is appended. */
struct str buf_as_str(const struct buf *b);

/* Binary fields, appended.  Fixed numbers are big-endian: 4 bytes. */
void	buf_be32(struct buf *b, uint32_t v);
/* A fixed number of 8 bytes. */
void	buf_be64(struct buf *b, uint64_t v);
/* A number in 1 to 10 bytes (LEB128): 7 bits each, the least first. */
void	buf_varint(struct buf *b, uint64_t v);
/* The length as a varint, then the bytes. */
void	buf_field(struct buf *b, struct str s);
/* How many, then name and value of each as fields. */
void	buf_pairs(struct buf *b, const struct pair *at, size_t n);

/*
 * Their readers cut what they read off the front of *s; false when s is too
 * short or holds something else, and then *s and *out are undefined.
 */
/* n bytes as they are. */
bool	take_bytes(struct str *s, size_t n, void *out);
/* One byte. */
bool	take_byte(struct str *s, uint8_t *out);
/* A byte, and whether it is not 0. */
bool	take_flag(struct str *s, bool *out);
/* What buf_be32 wrote. */
bool	take_be32(struct str *s, uint32_t *out);
/* What buf_be64 wrote. */
bool	take_be64(struct str *s, uint64_t *out);
/* What buf_varint wrote. */
bool	take_varint(struct str *s, uint64_t *out);
/* A time in ms that was written as a varint. */
bool	take_time(struct str *s, int64_t *out);
/* What buf_field wrote: a slice of s. */
bool	take_field(struct str *s, struct str *out);
/* What buf_pairs wrote: an array in mem of slices of s. */
bool	take_pairs(struct arena *mem, struct str *s, struct pair **at,
	    size_t *n);

#endif
