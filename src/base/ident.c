/* Random bytes and ids. */
#include "base/ident.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/enc.h"

void
ident_random(void *p, size_t n)
{
	char	*at = p;
	ssize_t	 got;

	while (n > 0) {
		got = getrandom(at, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			abort();	/* the kernel has had this since 3.17 */
		at += got;
		n -= (size_t)got;
	}
}

void
ident_hex(char *z, size_t bytes)
{
	unsigned char	raw[32];

	if (bytes > sizeof raw)
		abort();
	ident_random(raw, bytes);
	enc_hex(z, raw, bytes);
}

void
ident_base32(char *z, size_t n)
{
	static const char	set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	unsigned char		c;
	size_t			i;

	for (i = 0; i < n; i++) {
		ident_random(&c, 1);
		z[i] = set[c & 31];
	}
	z[n] = '\0';
}
