/* Digests, checksums, HMAC, sealing.  Home of OpenSSL and xxHash. */
#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zlib.h>

#include "base/ident.h"

/* Fetched once: a fetch costs more than a digest of a small body. */
static const EVP_MD	*mds[4];
static uint32_t		 crc32c_table[8][256];
static uint64_t		 crc64_table[8][256];
static pthread_once_t	 mds_once = PTHREAD_ONCE_INIT;
static pthread_once_t	 tables_once = PTHREAD_ONCE_INIT;

#define SUM(lower, upper, is_crc)					\
	{ lower, #upper, "Checksum" #upper, DIGEST_##upper, is_crc }
const struct digest_sum	digest_sums[DIGEST_SUMS] = {
	SUM("crc32", CRC32, true), SUM("crc32c", CRC32C, true),
	SUM("crc64nvme", CRC64NVME, true), SUM("sha1", SHA1, false),
	SUM("sha256", SHA256, false), SUM("sha512", SHA512, false),
	SUM("md5", MD5, false), SUM("xxhash64", XXHASH64, false),
	SUM("xxhash3", XXHASH3, false), SUM("xxhash128", XXHASH128, false),
};
#undef SUM

const struct digest_sum *
digest_sum_named(struct str name)
{
	size_t	i;

	for (i = 0; i < DIGEST_SUMS; i++)
		if (str_is_nocase(name, str_of(digest_sums[i].name)))
			return &digest_sums[i];
	return NULL;
}

static void
digest_must(int ok)
{
	if (!ok)
		abort();	/* only memory can be short here */
}

static void
mds_fetch(void)
{
	static const char *const	name[] = { "MD5", "SHA1", "SHA256",
	    "SHA512" };
	size_t				i;

	/* No configuration file: it costs a third of a CGI request. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG |
	    OPENSSL_INIT_NO_ATEXIT, NULL);
	for (i = 0; i < sizeof name / sizeof name[0]; i++)
		digest_must((mds[i] = EVP_MD_fetch(NULL, name[i],
		    NULL)) != NULL);
}

/* Reflected polynomials: Castagnoli [RFC 3720], and NVMe's 64-bit one. */
static void
tables_make(void)
{
	uint32_t	c;
	uint64_t	d;
	unsigned	i, k;

	for (i = 0; i < 256; i++) {
		for (c = i, d = i, k = 0; k < 8; k++) {
			c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
			d = d & 1 ? d >> 1 ^ 0x9a6c9329ac4bc9b5u : d >> 1;
		}
		crc32c_table[0][i] = c;
		crc64_table[0][i] = d;
	}
	for (k = 1; k < 8; k++)
		for (i = 0; i < 256; i++) {
			c = crc32c_table[k - 1][i];
			crc32c_table[k][i] = c >> 8 ^ crc32c_table[0][c & 255];
			d = crc64_table[k - 1][i];
			crc64_table[k][i] = d >> 8 ^ crc64_table[0][d & 255];
		}
}

static uint64_t
load64(const unsigned char *p)
{
	uint64_t	v = 0;
	unsigned	i;

	for (i = 0; i < 8; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

/* Slicing by eight: eight tables take eight bytes a step. */
static uint32_t
crc32c(uint32_t c, const unsigned char *p, size_t n)
{
	uint64_t	v;
	uint32_t	r;
	unsigned	i;

	c = ~c;
	for (; n >= 8; p += 8, n -= 8) {
		v = load64(p) ^ c;
		for (r = 0, i = 0; i < 8; i++)
			r ^= crc32c_table[7 - i][v >> (8 * i) & 255];
		c = r;
	}
	while (n-- > 0)
		c = c >> 8 ^ crc32c_table[0][(c ^ *p++) & 255];
	return ~c;
}

static uint64_t
crc64(uint64_t c, const unsigned char *p, size_t n)
{
	uint64_t	v, r;
	unsigned	i;

	c = ~c;
	for (; n >= 8; p += 8, n -= 8) {
		v = load64(p) ^ c;
		for (r = 0, i = 0; i < 8; i++)
			r ^= crc64_table[7 - i][v >> (8 * i) & 255];
		c = r;
	}
	while (n-- > 0)
		c = c >> 8 ^ crc64_table[0][(c ^ *p++) & 255];
	return ~c;
}

size_t
digest_size(enum digest_kind kind)
{
	static const size_t	size[DIGEST_KINDS] = { 16, 20, 32, 64, 4, 4,
	    8, 8, 8, 16 };

	return size[kind];
}

void
digest_begin(struct digest *d, enum digest_kind kind)
{
	*d = (struct digest){ .kind = kind };
	switch (kind) {
	case DIGEST_MD5: case DIGEST_SHA1: case DIGEST_SHA256:
	case DIGEST_SHA512:
		pthread_once(&mds_once, mds_fetch);
		digest_must((d->md = EVP_MD_CTX_new()) != NULL &&
		    EVP_DigestInit_ex2(d->md, mds[kind], NULL) == 1);
		break;
	case DIGEST_CRC32C: case DIGEST_CRC64NVME:
		pthread_once(&tables_once, tables_make);
		break;
	case DIGEST_XXHASH64:
		digest_must((d->md = XXH64_createState()) != NULL &&
		    XXH64_reset(d->md, 0) == XXH_OK);
		break;
	case DIGEST_XXHASH3:
		digest_must((d->md = XXH3_createState()) != NULL &&
		    XXH3_64bits_reset(d->md) == XXH_OK);
		break;
	case DIGEST_XXHASH128:
		digest_must((d->md = XXH3_createState()) != NULL &&
		    XXH3_128bits_reset(d->md) == XXH_OK);
		break;
	case DIGEST_CRC32: case DIGEST_KINDS:
		break;
	}
}

void
digest_feed(struct digest *d, const void *p, size_t n)
{
	switch (d->kind) {
	case DIGEST_MD5: case DIGEST_SHA1: case DIGEST_SHA256:
	case DIGEST_SHA512:
		digest_must(EVP_DigestUpdate(d->md, p, n) == 1);
		break;
	case DIGEST_CRC32:
		d->crc = crc32_z((uLong)d->crc, p, n);
		break;
	case DIGEST_CRC32C:
		d->crc = crc32c((uint32_t)d->crc, p, n);
		break;
	case DIGEST_CRC64NVME:
		d->crc = crc64(d->crc, p, n);
		break;
	case DIGEST_XXHASH64:
		digest_must(XXH64_update(d->md, p, n) == XXH_OK);
		break;
	case DIGEST_XXHASH3:
		digest_must(XXH3_64bits_update(d->md, p, n) == XXH_OK);
		break;
	case DIGEST_XXHASH128:
		digest_must(XXH3_128bits_update(d->md, p, n) == XXH_OK);
		break;
	case DIGEST_KINDS:
		break;
	}
}

static void
put_big_endian(unsigned char *out, uint64_t v, size_t n)
{
	while (n-- > 0) {
		out[n] = (unsigned char)v;
		v >>= 8;
	}
}

void
digest_end(struct digest *d, unsigned char *out)
{
	XXH128_hash_t	wide;

	switch (d->kind) {
	case DIGEST_MD5: case DIGEST_SHA1: case DIGEST_SHA256:
	case DIGEST_SHA512:
		digest_must(EVP_DigestFinal_ex(d->md, out, NULL) == 1);
		break;
	case DIGEST_CRC32: case DIGEST_CRC32C: case DIGEST_CRC64NVME:
		put_big_endian(out, d->crc, digest_size(d->kind));
		break;
	case DIGEST_XXHASH64:
		put_big_endian(out, XXH64_digest(d->md), 8);
		break;
	case DIGEST_XXHASH3:
		put_big_endian(out, XXH3_64bits_digest(d->md), 8);
		break;
	case DIGEST_XXHASH128:
		wide = XXH3_128bits_digest(d->md);
		put_big_endian(out, wide.high64, 8);
		put_big_endian(out + 8, wide.low64, 8);
		break;
	case DIGEST_KINDS:
		break;
	}
	digest_drop(d);
}

void
digest_drop(struct digest *d)
{
	if (d->kind == DIGEST_XXHASH64)
		XXH64_freeState(d->md);
	else if (d->kind == DIGEST_XXHASH3 || d->kind == DIGEST_XXHASH128)
		XXH3_freeState(d->md);
	else
		EVP_MD_CTX_free(d->md);
	d->md = NULL;
}

void
digest_of(enum digest_kind kind, const void *p, size_t n, unsigned char *out)
{
	struct digest	d;

	digest_begin(&d, kind);
	digest_feed(&d, p, n);
	digest_end(&d, out);
}

static void
hmac_of(enum digest_kind kind, const void *key, size_t nkey, struct str data,
    unsigned char *out)
{
	unsigned char	block[64] = { 0 }, inner[SHA256_BYTES];
	struct digest	d;
	size_t		i;

	/* [RFC 2104] by hand: a quarter of what EVP_MAC costs. */
	if (nkey > sizeof block)
		digest_of(kind, key, nkey, block);
	else
		memcpy(block, key, nkey);
	for (i = 0; i < sizeof block; i++)
		block[i] ^= 0x36;
	digest_begin(&d, kind);
	digest_feed(&d, block, sizeof block);
	digest_feed(&d, data.p, data.n);
	digest_end(&d, inner);
	for (i = 0; i < sizeof block; i++)
		block[i] ^= 0x36 ^ 0x5c;
	digest_begin(&d, kind);
	digest_feed(&d, block, sizeof block);
	digest_feed(&d, inner, digest_size(kind));
	digest_end(&d, out);
	digest_wipe(block, sizeof block);
}

void
hmac_sha256(const void *key, size_t nkey, struct str data,
    unsigned char out[SHA256_BYTES])
{
	hmac_of(DIGEST_SHA256, key, nkey, data, out);
}

void
hmac_sha1(const void *key, size_t nkey, struct str data,
    unsigned char out[SHA1_BYTES])
{
	hmac_of(DIGEST_SHA1, key, nkey, data, out);
}

/* Product of two polynomials modulo the CRC's, bits reflected as in it. */
static uint64_t
poly_times(uint64_t poly, uint64_t top, uint64_t a, uint64_t b)
{
	uint64_t	m = top, p = 0;

	for (; m != 0; m >>= 1) {
		if (a & m)
			p ^= b;
		b = b & 1 ? b >> 1 ^ poly : b >> 1;
	}
	return p;
}

uint64_t
digest_crc_join(enum digest_kind kind, uint64_t a, uint64_t b, uint64_t nb)
{
	uint64_t	poly, top, square, shift;

	poly = kind == DIGEST_CRC32 ? 0xedb88320u :
	    kind == DIGEST_CRC32C ? 0x82f63b78u : 0x9a6c9329ac4bc9b5u;
	top = kind == DIGEST_CRC64NVME ? (uint64_t)1 << 63 :
	    (uint64_t)1 << 31;
	/* x^(8 nb): a byte is x^8, squared for each further bit of nb. */
	square = top >> 8;
	for (shift = top; nb > 0; nb >>= 1) {
		if (nb & 1)
			shift = poly_times(poly, top, square, shift);
		square = poly_times(poly, top, square, square);
	}
	return poly_times(poly, top, shift, a) ^ b;
}

bool
digest_same(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

void
digest_wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}

void
digest_seal(const unsigned char key[32], const void *p, size_t n,
    unsigned char *out)
{
	EVP_CIPHER_CTX	*c;
	int		 got;

	ident_random(out, 12);
	digest_must((c = EVP_CIPHER_CTX_new()) != NULL &&
	    EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, out) == 1 &&
	    EVP_EncryptUpdate(c, out + 12, &got, p, (int)n) == 1 &&
	    EVP_EncryptFinal_ex(c, out + 12 + got, &got) == 1 &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16,
	    out + 12 + n) == 1);
	EVP_CIPHER_CTX_free(c);
}

bool
digest_unseal(const unsigned char key[32], const void *p, size_t n,
    unsigned char *out)
{
	const unsigned char	*in = p;
	unsigned char		 tag[16];
	EVP_CIPHER_CTX		*c;
	bool			 ok;
	int			 got;

	if (n < SEAL_OVERHEAD)
		return false;
	n -= SEAL_OVERHEAD;
	memcpy(tag, in + 12 + n, sizeof tag);
	digest_must((c = EVP_CIPHER_CTX_new()) != NULL);
	ok = EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, in) == 1 &&
	    EVP_DecryptUpdate(c, out, &got, in + 12, (int)n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, 16, tag) == 1 &&
	    EVP_DecryptFinal_ex(c, out + got, &got) == 1;
	EVP_CIPHER_CTX_free(c);
	return ok;
}
