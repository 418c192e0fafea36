/* Growing bytes in an arena, and the binary fields of our records. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

void
buf_init(struct buf *b, struct arena *mem, size_t cap)
{
	*b = (struct buf){ .mem = mem, .cap = cap };
}

static bool
buf_fits(struct buf *b, size_t n)
{
	size_t	 room;
	char	*p;

	if (b->failed || n > b->cap - b->n) {
		b->failed = true;
		return false;
	}
	if (n <= b->room - b->n)
		return true;
	room = b->room < 128 ? 256 : b->room * 2;
	while (room < b->n + n)
		room *= 2;
	p = arena_raw(b->mem, room);
	if (b->n > 0)
		memcpy(p, b->p, b->n);
	b->p = p;
	b->room = room;
	return true;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0 || !buf_fits(b, n))
		return;
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void
buf_byte(struct buf *b, int c)
{
	char	ch = (char)c;

	buf_add(b, &ch, 1);
}

void
buf_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

void
buf_z(struct buf *b, const char *z)
{
	buf_add(b, z, strlen(z));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list	 ap;
	char	 small[256];
	char	*p = small;
	int	 n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof small, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true;
		return;
	}
	if ((size_t)n >= sizeof small) {
		p = arena_get(b->mem, (size_t)n + 1);
		va_start(ap, fmt);
		vsnprintf(p, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	buf_add(b, p, (size_t)n);
}

bool
buf_ok(const struct buf *b)
{
	return !b->failed;
}

struct str
buf_as_str(const struct buf *b)
{
	return (struct str){ b->p != NULL ? b->p : "", b->n };
}

void
buf_be32(struct buf *b, uint32_t v)
{
	unsigned char	c[4] = { (unsigned char)(v >> 24),
	    (unsigned char)(v >> 16), (unsigned char)(v >> 8),
	    (unsigned char)v };

	buf_add(b, c, sizeof c);
}

void
buf_be64(struct buf *b, uint64_t v)
{
	buf_be32(b, (uint32_t)(v >> 32));
	buf_be32(b, (uint32_t)v);
}

void
buf_varint(struct buf *b, uint64_t v)
{
	while (v >= 0x80) {
		buf_byte(b, (int)(v & 0x7f) | 0x80);
		v >>= 7;
	}
	buf_byte(b, (int)v);
}

void
buf_field(struct buf *b, struct str s)
{
	buf_varint(b, s.n);
	buf_str(b, s);
}

void
buf_pairs(struct buf *b, const struct pair *at, size_t n)
{
	size_t	i;

	buf_varint(b, n);
	for (i = 0; i < n; i++) {
		buf_field(b, at[i].name);
		buf_field(b, at[i].value);
	}
}

bool
take_bytes(struct str *s, size_t n, void *out)
{
	if (s->n < n)
		return false;
	if (n > 0)
		memcpy(out, s->p, n);
	*s = str_from(*s, n);
	return true;
}

bool
take_byte(struct str *s, uint8_t *out)
{
	return take_bytes(s, 1, out);
}

bool
take_be32(struct str *s, uint32_t *out)
{
	unsigned char	c[4];

	if (!take_bytes(s, 4, c))
		return false;
	*out = (uint32_t)c[0] << 24 | (uint32_t)c[1] << 16 |
	    (uint32_t)c[2] << 8 | c[3];
	return true;
}

bool
take_be64(struct str *s, uint64_t *out)
{
	uint32_t	hi, lo;

	if (!take_be32(s, &hi) || !take_be32(s, &lo))
		return false;
	*out = (uint64_t)hi << 32 | lo;
	return true;
}

bool
take_varint(struct str *s, uint64_t *out)
{
	uint64_t	v = 0;
	unsigned	shift;
	uint8_t		c;

	for (shift = 0; shift < 64; shift += 7) {
		if (!take_byte(s, &c))
			return false;
		v |= (uint64_t)(c & 0x7f) << shift;
		if ((c & 0x80) == 0) {
			*out = v;
			return true;
		}
	}
	return false;
}

bool
take_field(struct str *s, struct str *out)
{
	uint64_t	n;

	if (!take_varint(s, &n) || n > s->n)
		return false;
	*out = str_to(*s, (size_t)n);
	*s = str_from(*s, (size_t)n);
	return true;
}

bool
take_flag(struct str *s, bool *out)
{
	uint8_t	c;

	if (!take_byte(s, &c))
		return false;
	*out = c != 0;
	return true;
}

bool
take_time(struct str *s, int64_t *out)
{
	uint64_t	v;

	if (!take_varint(s, &v))
		return false;
	*out = (int64_t)v;
	return true;
}

bool
take_pairs(struct arena *mem, struct str *s, struct pair **at, size_t *n)
{
	uint64_t	count, i;

	*at = NULL;
	*n = 0;
	if (!take_varint(s, &count) || count > s->n)
		return false;
	if (count == 0)
		return true;
	*at = arena_get(mem, count * sizeof **at);
	for (i = 0; i < count; i++)
		if (!take_field(s, &(*at)[i].name) ||
		    !take_field(s, &(*at)[i].value))
			return false;
	*n = count;
	return true;
}
