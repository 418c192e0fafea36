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

void	buf_init(struct buf *b, struct arena *mem, size_t cap);
void	buf_add(struct buf *b, const void *p, size_t n);
void	buf_byte(struct buf *b, int c);
void	buf_str(struct buf *b, struct str s);
void	buf_z(struct buf *b, const char *z);
void	buf_printf(struct buf *b, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
bool	buf_ok(const struct buf *b);
struct str buf_as_str(const struct buf *b);

/* Binary fields: big-endian fixed, varint (LEB128), length and bytes. */
void	buf_be32(struct buf *b, uint32_t v);
void	buf_be64(struct buf *b, uint64_t v);
void	buf_varint(struct buf *b, uint64_t v);
void	buf_field(struct buf *b, struct str s);
/* How many, then name and value of each as fields. */
void	buf_pairs(struct buf *b, const struct pair *at, size_t n);

/* Their readers cut what they read off *s; false when s is too short. */
bool	take_byte(struct str *s, uint8_t *out);
bool	take_be32(struct str *s, uint32_t *out);
bool	take_be64(struct str *s, uint64_t *out);
bool	take_varint(struct str *s, uint64_t *out);
bool	take_field(struct str *s, struct str *out);
bool	take_bytes(struct str *s, size_t n, void *out);
/* A byte, and whether it is not 0. */
bool	take_flag(struct str *s, bool *out);
/* A time in ms that was written as a varint. */
bool	take_time(struct str *s, int64_t *out);
/* What buf_pairs wrote: an array in mem of slices of s. */
bool	take_pairs(struct arena *mem, struct str *s, struct pair **at,
	    size_t *n);

#endif
