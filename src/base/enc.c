/* Hex, base64, percent, XML and JSON escapes. */
#include "base/enc.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

static const char hexdigit[] = "0123456789abcdef";
static const char b64digit[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
enc_hex(char *z, const void *p, size_t n)
{
	const unsigned char	*c = p;
	size_t			 i;

	for (i = 0; i < n; i++) {
		z[2 * i] = hexdigit[c[i] >> 4];
		z[2 * i + 1] = hexdigit[c[i] & 15];
	}
	z[2 * n] = '\0';
}

struct str
enc_hex_str(struct arena *mem, const void *p, size_t n)
{
	char	*z = arena_raw(mem, 2 * n + 1);

	enc_hex(z, p, n);
	return (struct str){ z, 2 * n };
}

static int
unhex1(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
enc_unhex(struct str s, void *out, size_t n)
{
	unsigned char	*o = out;
	size_t		 i;
	int		 a, b;

	if (s.n != 2 * n)
		return false;
	for (i = 0; i < n; i++) {
		a = unhex1(s.p[2 * i]);
		b = unhex1(s.p[2 * i + 1]);
		if (a < 0 || b < 0)
			return false;
		o[i] = (unsigned char)(a << 4 | b);
	}
	return true;
}

struct str
enc_base64(struct arena *mem, const void *p, size_t n)
{
	const unsigned char	*c = p;
	char			*z, *o;
	uint32_t		 v;
	size_t			 i;

	o = z = arena_get(mem, (n + 2) / 3 * 4 + 1);
	for (i = 0; i < n; i += 3) {
		v = (uint32_t)c[i] << 16;
		v |= i + 1 < n ? (uint32_t)c[i + 1] << 8 : 0;
		v |= i + 2 < n ? c[i + 2] : 0;
		*o++ = b64digit[v >> 18];
		*o++ = b64digit[v >> 12 & 63];
		*o++ = i + 1 < n ? b64digit[v >> 6 & 63] : '=';
		*o++ = i + 2 < n ? b64digit[v & 63] : '=';
	}
	return (struct str){ z, (size_t)(o - z) };
}

bool
enc_unbase64_any(struct str s, void *out, size_t room, size_t *n)
{
	unsigned char	*o = out;
	const char	*d;
	uint32_t	 v = 0;
	size_t		 i, pad = 0;

	*n = 0;
	if (s.n % 4 != 0)
		return false;
	while (pad < 2 && pad < s.n && s.p[s.n - 1 - pad] == '=')
		pad++;
	for (i = 0; i < s.n; i++) {
		d = i < s.n - pad && s.p[i] != '\0' ?
		    strchr(b64digit, s.p[i]) : b64digit;
		if (d == NULL || (i < s.n - pad && s.p[i] == '\0'))
			return false;
		v = v << 6 | (uint32_t)(d - b64digit);
		if (i % 4 != 3)
			continue;
		if (*n + 3 > room + (i == s.n - 1 ? pad : 0))
			return false;
		o[(*n)++] = (unsigned char)(v >> 16);
		if (i < s.n - 1 || pad < 2)
			o[(*n)++] = (unsigned char)(v >> 8);
		if (i < s.n - 1 || pad < 1)
			o[(*n)++] = (unsigned char)v;
	}
	return true;
}

bool
enc_unbase64(struct str s, void *out, size_t n)
{
	size_t	got;

	return s.n == (n + 2) / 3 * 4 && enc_unbase64_any(s, out, n, &got) &&
	    got == n;
}

static bool
unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
	    c == '~';
}

void
enc_percent(struct buf *b, struct str s, bool slashes)
{
	size_t	i;
	char	z[3];

	for (i = 0; i < s.n; i++) {
		if (unreserved(s.p[i]) || (s.p[i] == '/' && !slashes)) {
			buf_byte(b, s.p[i]);
			continue;
		}
		z[0] = '%';
		z[1] = "0123456789ABCDEF"[(unsigned char)s.p[i] >> 4];
		z[2] = "0123456789ABCDEF"[(unsigned char)s.p[i] & 15];
		buf_add(b, z, 3);
	}
}

bool
enc_unpercent(struct arena *mem, struct str s, bool plus, struct str *out)
{
	char	*o;
	size_t	 i, n = 0;
	int	 a, c;

	o = arena_get(mem, s.n + 1);
	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '+' && plus) {
			o[n++] = ' ';
			continue;
		}
		if (s.p[i] != '%') {
			o[n++] = s.p[i];
			continue;
		}
		if (s.n - i < 3 || (a = unhex1(s.p[i + 1])) < 0 ||
		    (c = unhex1(s.p[i + 2])) < 0)
			return false;
		o[n++] = (char)(a << 4 | c);
		i += 2;
	}
	*out = (struct str){ o, n };
	return true;
}

/* What XML writes for a byte; NULL: the byte itself.  Control characters it
 * cannot say at all: clients that have such keys ask for encoding-type. */
static const char *
xml_escape(unsigned char c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&apos;";
	case '\t': return "&#9;";
	case '\n': return "&#10;";
	case '\r': return "&#13;";
	default: return c < 0x20 ? "\xef\xbf\xbd" : NULL;
	}
}

/* Documents are UTF-8, whatever bytes a header had. */
static const char	not_utf8[] = "\xef\xbf\xbd";

/* The bytes of the character at i; 0: it is none. */
static size_t
width(struct str s, size_t i)
{
	uint32_t	c;

	return (unsigned char)s.p[i] < 0x80 ? 1 :
	    str_character(str_from(s, i), &c);
}

void
enc_xml(struct buf *b, struct str s)
{
	const char	*escape;
	size_t		 i, n, from = 0;

	for (i = 0; i < s.n; i += n) {
		n = width(s, i);
		escape = n == 0 ? not_utf8 :
		    xml_escape((unsigned char)s.p[i]);
		n = n == 0 ? 1 : n;
		if (escape == NULL)
			continue;
		buf_add(b, s.p + from, i - from);
		buf_z(b, escape);
		from = i + 1;
	}
	buf_str(b, str_from(s, from));
}

void
enc_json(struct buf *b, struct str s)
{
	unsigned char	c;
	size_t		i, n, from = 0;
	bool		good;

	buf_byte(b, '"');
	for (i = 0; i < s.n; i += n) {
		c = (unsigned char)s.p[i];
		n = width(s, i);
		good = n > 0;
		n = good ? n : 1;
		if (good && c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_add(b, s.p + from, i - from);
		from = i + 1;
		if (!good) {
			buf_z(b, not_utf8);
			continue;
		}
		switch (c) {
		case '"': buf_z(b, "\\\""); break;
		case '\\': buf_z(b, "\\\\"); break;
		case '\n': buf_z(b, "\\n"); break;
		case '\r': buf_z(b, "\\r"); break;
		case '\t': buf_z(b, "\\t"); break;
		default: buf_printf(b, "\\u%04x", c);
		}
	}
	buf_str(b, str_from(s, from));
	buf_byte(b, '"');
}
