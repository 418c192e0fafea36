/* Random bytes and ids from the kernel's generator. */
#ifndef BASE_IDENT_H
#define BASE_IDENT_H

#include <stddef.h>

/* n random bytes. */
void	ident_random(void *p, size_t n);
/* Random bytes, 32 at most, as 2 * bytes hex digits and a NUL. */
void	ident_hex(char *z, size_t bytes);

/* n characters of A-Z and 2-7 and a NUL: access key ids. */
void	ident_base32(char *z, size_t n);

#endif
