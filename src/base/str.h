/* A slice of bytes that somebody else owns.  Not terminated. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct str {
	const char	*p;
	size_t		 n;
};

/* A name and its value: headers, metadata, tags. */
struct pair {
	struct str	 name, value;
};

/* A literal as a slice: STR in expressions, STR_INIT in static tables. */
#define STR_INIT(lit)	{ "" lit, sizeof(lit) - 1 }
#define STR(lit)	((struct str)STR_INIT(lit))
#define STRF(s)		(int)(s).n, (s).p

struct str	 str_of(const char *z);			/* NULL gives "" */
struct str	 str_dup(struct arena *mem, struct str s);
char		*str_z(struct arena *mem, struct str s); /* terminated copy */
/* The least string that is greater: s and a NUL.  Where a page goes on. */
struct str	 str_after(struct arena *mem, struct str s);
struct str	 str_printf(struct arena *mem, const char *fmt, ...)
		    __attribute__((format(printf, 2, 3)));

bool		 str_is(struct str a, struct str b);
bool		 str_is_nocase(struct str a, struct str b);
int		 str_cmp(struct str a, struct str b);	/* as unsigned bytes */
bool		 str_starts(struct str s, struct str head);
bool		 str_starts_nocase(struct str s, struct str head);
bool		 str_ends(struct str s, struct str tail);
bool		 str_has(struct str s, struct str part);

/* In the pattern "*" is any bytes, and "?" any one. */
bool		 str_like(struct str s, struct str pattern);

/* Position of a byte or a string, or s.n. */
size_t		 str_find(struct str s, char c);
size_t		 str_find_str(struct str s, struct str part);

/* Cut head off the front of *s; false, and *s stays, when it is not there. */
bool		 str_take(struct str *s, struct str head);
/* The same in any case of ASCII letters. */
bool		 str_take_nocase(struct str *s, struct str head);

/* s without its first at bytes */
struct str	 str_from(struct str s, size_t at);
struct str	 str_to(struct str s, size_t n);	/* the first n bytes */
struct str	 str_trim(struct str s);		/* blanks and tabs */
struct str	 str_lower(struct arena *mem, struct str s);

/* Cut the part before the separator off rest; false when nothing is left. */
bool		 str_split(struct str *rest, char sep, struct str *part);

/* Decimal digits only; false on anything else or when over max. */
bool		 str_u64(struct str s, uint64_t max, uint64_t *out);

bool		 str_is_utf8(struct str s);
/* The first character and its bytes; 0: it is not UTF-8. */
size_t		 str_character(struct str s, uint32_t *out);

/* The first pair of this name among n, or NULL. */
struct pair	*pair_find(struct pair *at, size_t n, struct str name);

#endif
