/* Random bytes and ids from the kernel's generator. */
#ifndef BASE_IDENT_H
#define BASE_IDENT_H

#include <stddef.h>

void	ident_random(void *p, size_t n);
void	ident_hex(char *z, size_t bytes);	/* 2 * bytes digits and NUL */

/* n characters of A-Z and 2-7 and a NUL: access key ids. */
void	ident_base32(char *z, size_t n);

#endif
