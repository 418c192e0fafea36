/* Slices: compare, search, split, trim. */
#include "base/str.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"

struct str
str_of(const char *z)
{
	return (struct str){ z != NULL ? z : "", z != NULL ? strlen(z) : 0 };
}

struct str
str_dup(struct arena *mem, struct str s)
{
	return (struct str){ arena_dup(mem, s.p, s.n), s.n };
}

char *
str_z(struct arena *mem, struct str s)
{
	return arena_dup(mem, s.p, s.n);
}

struct str
str_after(struct arena *mem, struct str s)
{
	return (struct str){ arena_dup(mem, s.p, s.n), s.n + 1 };
}

struct str
str_printf(struct arena *mem, const char *fmt, ...)
{
	va_list	 ap;
	char	*p;
	int	 n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(n >= 0);
	p = arena_get(mem, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return (struct str){ p, (size_t)n };
}

bool
str_is(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
str_is_nocase(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

int
str_cmp(struct str a, struct str b)
{
	size_t	n = a.n < b.n ? a.n : b.n;
	int	r;

	r = n > 0 ? memcmp(a.p, b.p, n) : 0;
	if (r != 0)
		return r;
	return a.n < b.n ? -1 : a.n > b.n;
}

bool
str_starts(struct str s, struct str head)
{
	return s.n >= head.n && str_is(str_to(s, head.n), head);
}

bool
str_starts_nocase(struct str s, struct str head)
{
	return s.n >= head.n && str_is_nocase(str_to(s, head.n), head);
}

bool
str_take(struct str *s, struct str head)
{
	if (!str_starts(*s, head))
		return false;
	*s = str_from(*s, head.n);
	return true;
}

bool
str_take_nocase(struct str *s, struct str head)
{
	if (!str_starts_nocase(*s, head))
		return false;
	*s = str_from(*s, head.n);
	return true;
}

bool
str_ends(struct str s, struct str tail)
{
	return s.n >= tail.n && str_is(str_from(s, s.n - tail.n), tail);
}

bool
str_like(struct str s, struct str pattern)
{
	size_t	i = 0, k = 0, star = pattern.n, from = 0;

	/* At a mismatch the last "*" takes one byte more. */
	while (i < s.n) {
		if (k < pattern.n && pattern.p[k] == '*') {
			star = k++;
			from = i;
		} else if (k < pattern.n && (pattern.p[k] == '?' ||
		    pattern.p[k] == s.p[i])) {
			i++;
			k++;
		} else if (star < pattern.n) {
			k = star + 1;
			i = ++from;
		} else
			return false;
	}
	while (k < pattern.n && pattern.p[k] == '*')
		k++;
	return k == pattern.n;
}

size_t
str_find(struct str s, char c)
{
	const char	*q;

	q = s.n > 0 ? memchr(s.p, c, s.n) : NULL;
	return q != NULL ? (size_t)(q - s.p) : s.n;
}

size_t
str_find_str(struct str s, struct str part)
{
	const char	*q;

	q = s.n > 0 ? memmem(s.p, s.n, part.p, part.n) : NULL;
	return q != NULL ? (size_t)(q - s.p) : s.n;
}

bool
str_has(struct str s, struct str part)
{
	return part.n == 0 || str_find_str(s, part) < s.n;
}

struct str
str_from(struct str s, size_t at)
{
	if (at > s.n)
		at = s.n;
	if (at == 0)
		return s;		/* p may be NULL: no arithmetic on it */
	return (struct str){ s.p + at, s.n - at };
}

struct str
str_to(struct str s, size_t n)
{
	return (struct str){ s.p, n < s.n ? n : s.n };
}

struct str
str_trim(struct str s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_from(s, 1);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

struct str
str_lower(struct arena *mem, struct str s)
{
	char	*p;
	size_t	 i;

	p = arena_dup(mem, s.p, s.n);
	for (i = 0; i < s.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] - 'A' + 'a');
	return (struct str){ p, s.n };
}

bool
str_split(struct str *rest, char sep, struct str *part)
{
	size_t	at;

	if (rest->p == NULL)
		return false;
	at = str_find(*rest, sep);
	*part = str_to(*rest, at);
	if (at < rest->n)
		*rest = str_from(*rest, at + 1);
	else
		*rest = (struct str){ NULL, 0 };
	return true;
}

bool
str_u64(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t	v = 0;
	unsigned	d;
	size_t		i;

	if (s.n == 0)
		return false;
	for (i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		d = (unsigned)(s.p[i] - '0');
		if (v > (max - d) / 10 && v * 10 + d > max)
			return false;
		if (v > (UINT64_MAX - d) / 10)
			return false;
		v = v * 10 + d;
	}
	if (v > max)
		return false;
	*out = v;
	return true;
}

/* [RFC 3629] */
size_t
str_character(struct str s, uint32_t *out)
{
	const unsigned char	*p = (const unsigned char *)s.p;
	unsigned		 c = s.n > 0 ? p[0] : 0xff;
	size_t			 len, i;
	uint32_t		 v;

	*out = c;
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (len > s.n)
		return 0;
	v = c & (0xffu >> (len + 1));
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (p[i] & 0x3fu);
	}
	if ((len == 3 && v < 0x800) || (len == 4 && v < 0x10000) ||
	    v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*out = v;
	return len;
}

bool
str_is_utf8(struct str s)
{
	uint32_t	c;
	size_t		i, step;

	for (i = 0; i < s.n; i += step) {
		step = str_character(str_from(s, i), &c);
		if (step == 0)
			return false;
	}
	return true;
}

struct pair *
pair_find(struct pair *at, size_t n, struct str name)
{
	size_t	i;

	for (i = 0; i < n; i++)
		if (str_is(at[i].name, name))
			return &at[i];
	return NULL;
}
