/*
 * Digests, checksums, HMAC, and sealing of small secrets.  Home of OpenSSL
 * and xxHash.
 *
 * A digest is begun, fed, and ended once; ending gives digest_size(kind)
 * bytes, most significant first, as S3 writes them in base64.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum digest_kind {
	DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA512,
	DIGEST_CRC32, DIGEST_CRC32C, DIGEST_CRC64NVME,
	DIGEST_XXHASH64, DIGEST_XXHASH3, DIGEST_XXHASH128,
	DIGEST_KINDS
};

enum { DIGEST_MAX = 64, MD5_BYTES = 16, SHA1_BYTES = 20, SHA256_BYTES = 32,
	SEAL_OVERHEAD = 12 + 16 };

struct digest {
	enum digest_kind kind;
	void		*md;		/* of OpenSSL or xxHash, or NULL */
	uint64_t	 crc;
};

/* The checksums of S3, by the names that it gives them. */
struct digest_sum {
	const char		*name;		/* "crc32", in headers */
	const char		*algorithm;	/* "CRC32" */
	const char		*element;	/* "ChecksumCRC32" */
	enum digest_kind	 kind;
	bool			 is_crc;	/* parts' give the whole's */
};
enum { DIGEST_SUMS = 10 };
extern const struct digest_sum digest_sums[DIGEST_SUMS];
/* The checksum of this name, in any case; NULL: there is none. */
const struct digest_sum *digest_sum_named(struct str name);

/* Bytes of a digest of this kind, at most DIGEST_MAX. */
size_t	digest_size(enum digest_kind kind);
/* Begin one; it must be ended or dropped. */
void	digest_begin(struct digest *d, enum digest_kind kind);
/* Go on with n bytes. */
void	digest_feed(struct digest *d, const void *p, size_t n);
/* The digest of all that was fed: digest_size(kind) bytes. */
void	digest_end(struct digest *d, unsigned char *out);
/* Forget a digest that is not ended; a zeroed or ended one is harmless. */
void	digest_drop(struct digest *d);

/* The digest of n bytes: digest_size(kind) bytes. */
void	digest_of(enum digest_kind kind, const void *p, size_t n,
	    unsigned char *out);
/* HMAC-SHA-256 under a key of nkey bytes.  [RFC 2104] */
void	hmac_sha256(const void *key, size_t nkey, struct str data,
	    unsigned char out[SHA256_BYTES]);
/* HMAC-SHA-1 under a key of nkey bytes.  [RFC 2104] */
void	hmac_sha1(const void *key, size_t nkey, struct str data,
	    unsigned char out[SHA1_BYTES]);

/* The CRC (low bits) of a then b, from theirs and b's length in bytes. */
uint64_t digest_crc_join(enum digest_kind kind, uint64_t a, uint64_t b,
	    uint64_t nb);

/* Are n bytes equal?  In time that does not depend on where they differ. */
bool	digest_same(const void *a, const void *b, size_t n);

/* Overwrite n bytes of a secret; the compiler does not drop this. */
void	digest_wipe(void *p, size_t n);

/* AES-256-GCM under a random nonce: out takes n + SEAL_OVERHEAD bytes. */
void	digest_seal(const unsigned char key[32], const void *p, size_t n,
	    unsigned char *out);
/* n sealed bytes: out takes n - SEAL_OVERHEAD.  false when key or bytes are not
 * those of digest_seal, and then out is undefined. */
bool	digest_unseal(const unsigned char key[32], const void *p, size_t n,
	    unsigned char *out);

#endif
