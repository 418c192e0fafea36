/* Encoded words in the values of headers.  [RFC 2047] */
#include "http/http.h"

#include <string.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/enc.h"
#include "base/fault.h"

/* A word has 75 characters: so many bytes in base64 between its ends.  Longer
 * ones are read, too, but an end is not looked for without an end. */
enum { WORD_BYTES = 45, WORD_READ = 1024, VALUE_MAX = 64 * 1024 };

static const struct str	word_begin = STR_INIT("=?UTF-8?B?");

/* ---- reading ----------------------------------------------------------- */

struct word {
	struct str	charset, text;
	char		encoding;	/* B or Q, in any case */
};

/* Where the blanks at the begin of s end. */
static size_t
word_blanks(struct str s)
{
	size_t	n = 0;

	while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t'))
		n++;
	return n;
}

/* The word that s begins with, and its length; 0: it begins with none. */
static size_t
word_at(struct str s, struct word *w)
{
	struct str	rest = str_to(s, WORD_READ), encoding;
	size_t		end;

	if (!str_take(&rest, STR("=?")) ||
	    !str_split(&rest, '?', &w->charset) ||
	    !str_split(&rest, '?', &encoding) || encoding.n != 1 ||
	    rest.p == NULL)
		return 0;
	end = str_find_str(rest, STR("?="));
	if (end == rest.n)
		return 0;
	w->encoding = encoding.p[0];
	w->text = str_to(rest, end);
	end += (size_t)(rest.p - s.p) + 2;
	/* Blanks are around a word, or nothing is. */
	return end == s.n || word_blanks(str_from(s, end)) > 0 ? end : 0;
}

static bool
word_unquote(struct str s, char *out, size_t *n)
{
	*n = 0;
	for (; s.n > 0; s = str_from(s, 1)) {
		if (s.p[0] != '=') {
			out[(*n)++] = s.p[0] == '_' ? ' ' : s.p[0];
			continue;
		}
		if (s.n < 3 || !enc_unhex(str_to(str_from(s, 1), 2),
		    out + *n, 1))
			return false;
		(*n)++;
		s = str_from(s, 2);
	}
	return true;
}

/* ISO-8859-1 is the first 256 characters. */
static void
put_latin1(struct buf *b, const char *p, size_t n)
{
	unsigned char	c;
	size_t		i;

	for (i = 0; i < n; i++) {
		c = (unsigned char)p[i];
		if (c >= 0x80) {
			buf_byte(b, 0xc0 | c >> 6);
			c = 0x80 | (c & 0x3f);
		}
		buf_byte(b, c);
	}
}

static bool
word_put(struct cx *cx, struct buf *b, const struct word *w)
{
	char	*raw = arena_get(cx->mem, w->text.n + 1);
	size_t	 n;
	bool	 good;

	good = w->encoding == 'B' || w->encoding == 'b' ?
	    enc_unbase64_any(w->text, raw, w->text.n, &n) :
	    (w->encoding == 'Q' || w->encoding == 'q') &&
	    word_unquote(w->text, raw, &n);
	if (!good)
		return false;
	if (str_is_nocase(w->charset, STR("iso-8859-1")))
		put_latin1(b, raw, n);
	else if (str_is_nocase(w->charset, STR("utf-8")) ||
	    str_is_nocase(w->charset, STR("us-ascii")))
		buf_add(b, raw, n);
	else
		return false;
	return true;
}

struct str
header_decode(struct cx *cx, struct str value)
{
	struct str	rest = value, text;
	struct word	w;
	struct buf	b;
	size_t		n, blanks;
	bool		after = false, begins = true;

	if (!str_has(value, STR("=?")))
		return value;
	buf_init(&b, cx->mem, VALUE_MAX);
	while (rest.n > 0) {
		/* Blanks between two words are none of the text. */
		blanks = after ? word_blanks(rest) : 0;
		n = begins || blanks > 0 ?
		    word_at(str_from(rest, blanks), &w) : 0;
		if (n > 0) {
			if (!word_put(cx, &b, &w))
				return value;
			rest = str_from(rest, blanks + n);
		} else {
			begins = word_blanks(str_to(rest, 1)) > 0;
			buf_byte(&b, rest.p[0]);
			rest = str_from(rest, 1);
		}
		after = n > 0;
		begins = begins && !after;
	}
	text = buf_as_str(&b);
	return buf_ok(&b) && str_is_utf8(text) && (fault_skip("WORD_LEGAL") ||
	    header_is_legal(STR("x"), text)) ? text : value;
}

/* ---- writing ----------------------------------------------------------- */

static bool
word_is_needed(struct cx *cx, struct str s)
{
	size_t	i;

	for (i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return true;
	return !str_is(header_decode(cx, s), s);
}

/* As many whole characters as a word has room for. */
static size_t
word_room(struct str s)
{
	uint32_t	c;
	size_t		n = 0, one;

	while (n < s.n && (one = str_character(str_from(s, n), &c)) > 0 &&
	    n + one <= WORD_BYTES)
		n += one;
	return n;
}

struct str
header_encode(struct cx *cx, struct str value)
{
	struct str	rest = value, piece;
	struct buf	b;

	/* A control character is not let by in disguise. */
	if (!word_is_needed(cx, value) || !str_is_utf8(value) ||
	    !header_is_legal(STR("x"), value))
		return value;
	buf_init(&b, cx->mem, VALUE_MAX);
	while (rest.n > 0) {
		piece = str_to(rest, word_room(rest));
		rest = str_from(rest, piece.n);
		if (b.n > 0)
			buf_byte(&b, ' ');
		buf_str(&b, word_begin);
		buf_str(&b, enc_base64(cx->mem, piece.p, piece.n));
		buf_z(&b, "?=");
	}
	return buf_ok(&b) ? buf_as_str(&b) : value;
}
