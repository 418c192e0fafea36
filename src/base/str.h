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

/* A terminated string without its NUL, not copied; NULL gives "". */
struct str	 str_of(const char *z);
/* A copy in mem, with a NUL behind it. */
struct str	 str_dup(struct arena *mem, struct str s);
/* The same as a terminated string. */
char		*str_z(struct arena *mem, struct str s);
/* The least string that is greater than s, in mem: s and a NUL.  A page that
 * ended with s goes on there. */
struct str	 str_after(struct arena *mem, struct str s);
/* As printf writes it, in mem, with a NUL behind it. */
struct str	 str_printf(struct arena *mem, const char *fmt, ...)
		    __attribute__((format(printf, 2, 3)));

/* Equal?  p NULL is the same as "". */
bool		 str_is(struct str a, struct str b);
/* Equal but for the case of ASCII letters? */
bool		 str_is_nocase(struct str a, struct str b);
/* Below, at or above 0: the order of unsigned bytes, a head before the rest. */
int		 str_cmp(struct str a, struct str b);
/* Does s begin with head? */
bool		 str_starts(struct str s, struct str head);
/* The same but for the case of ASCII letters. */
bool		 str_starts_nocase(struct str s, struct str head);
/* Does s end with tail? */
bool		 str_ends(struct str s, struct str tail);
/* Is part somewhere in s? */
bool		 str_has(struct str s, struct str part);

/* Does s match?  In the pattern "*" is any bytes, and "?" any one. */
bool		 str_like(struct str s, struct str pattern);

/* Where c is first; s.n when it is not there. */
size_t		 str_find(struct str s, char c);
/* Where part begins first; s.n when it is not there. */
size_t		 str_find_str(struct str s, struct str part);

/* Cut head off the front of *s; false, and *s stays, when it is not there. */
bool		 str_take(struct str *s, struct str head);
/* The same in any case of ASCII letters. */
bool		 str_take_nocase(struct str *s, struct str head);

/* What is left of s without its first at bytes; "" when it has fewer. */
struct str	 str_from(struct str s, size_t at);
/* The first n bytes of s, or all of it when it has fewer. */
struct str	 str_to(struct str s, size_t n);
/* Without spaces and tabs at both ends. */
struct str	 str_trim(struct str s);
/* A copy in mem with ASCII letters in lower case. */
struct str	 str_lower(struct arena *mem, struct str s);

/*
 * Cut the part before the next separator off *rest; false when nothing is left.
 * "" is one empty part, and so is what stands behind a last separator; rest->p
 * NULL is nothing.
 */
bool		 str_split(struct str *rest, char sep, struct str *part);

/* Decimal digits only; false on anything else or when over max. */
bool		 str_u64(struct str s, uint64_t max, uint64_t *out);

/* Is it UTF-8 throughout? [RFC 3629] */
bool		 str_is_utf8(struct str s);
/* The number of bytes of the first character, which is *out; 0: s is empty or
 * does not begin with a character of UTF-8. */
size_t		 str_character(struct str s, uint32_t *out);

/* The first pair of this name among n, or NULL. */
struct pair	*pair_find(struct pair *at, size_t n, struct str name);

#endif
