/* Digests, MACs and seals: known answers. */
#include "unit/unit_cx.h"

#include <string.h>

#include "base/digest.h"
#include "base/enc.h"

/* "123456789": the check values of the catalogues. */
static void
digests_have_their_known_values(void **state)
{
	static const struct {
		enum digest_kind	 kind;
		const char		*hex;
	} cases[] = {
		{ DIGEST_MD5, "25f9e794323b453885f5181f1b624d0b" },
		{ DIGEST_SHA1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441" },
		{ DIGEST_SHA256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94"
		    "c65fbc8c3312448eb225" },
		{ DIGEST_SHA512, "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0"
		    "c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455"
		    "b6b5bb503acf574fba8ffe85" },
		{ DIGEST_CRC32, "cbf43926" },
		{ DIGEST_CRC32C, "e3069283" },
		{ DIGEST_CRC64NVME, "ae8b14860a799888" },
		{ DIGEST_XXHASH64, "8cb841db40e6ae83" },
		{ DIGEST_XXHASH3, "72dcb18b67a17dff" },
		{ DIGEST_XXHASH128, "33119477ede5dcd5e9716427681d5860" },
	};
	unsigned char	raw[DIGEST_MAX];
	char		hex[2 * DIGEST_MAX + 1];
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		digest_of(cases[i].kind, "123456789", 9, raw);
		enc_hex(hex, raw, digest_size(cases[i].kind));
		assert_string_equal(cases[i].hex, hex);
	}
}

static uint64_t
crc_of(enum digest_kind kind, const char *p, size_t n)
{
	unsigned char	raw[DIGEST_MAX];
	uint64_t	v = 0;
	size_t		i;

	digest_of(kind, p, n, raw);
	for (i = 0; i < digest_size(kind); i++)
		v = v << 8 | raw[i];
	return v;
}

static void
joined_crcs_are_those_of_the_whole(void **state)
{
	static const enum digest_kind	kinds[] = { DIGEST_CRC32,
	    DIGEST_CRC32C, DIGEST_CRC64NVME };
	static char			text[5000];
	static const size_t		cuts[] = { 0, 1, 7, 8, 2500, 4999, 5000 };
	size_t				i, k;

	(void)state;
	for (i = 0; i < sizeof text; i++)
		text[i] = (char)(i * 31 + i / 7);
	for (k = 0; k < 3; k++)
		for (i = 0; i < sizeof cuts / sizeof cuts[0]; i++)
			assert_true(crc_of(kinds[k], text, sizeof text) ==
			    digest_crc_join(kinds[k], crc_of(kinds[k], text,
			    cuts[i]), crc_of(kinds[k], text + cuts[i],
			    sizeof text - cuts[i]), sizeof text - cuts[i]));
}

/* [RFC 4231 test case 2] */
static void
hmac_has_its_known_value(void **state)
{
	unsigned char	mac[SHA256_BYTES];
	char		hex[65];

	(void)state;
	hmac_sha256("Jefe", 4, STR("what do ya want for nothing?"), mac);
	enc_hex(hex, mac, sizeof mac);
	assert_string_equal("5bdcc146bf60754e6a042426089575c75a003f089d27398"
	    "39dec58b964ec3843", hex);
}

static void
sealed_bytes_open_only_with_their_key(void **state)
{
	unsigned char	key[32] = { 1 }, other[32] = { 2 };
	unsigned char	sealed[5 + SEAL_OVERHEAD], out[5];

	(void)state;
	digest_seal(key, "hello", 5, sealed);
	assert_true(digest_unseal(key, sealed, sizeof sealed, out));
	assert_memory_equal("hello", out, 5);
	assert_false(digest_unseal(other, sealed, sizeof sealed, out));
	sealed[14] ^= 1;
	assert_false(digest_unseal(key, sealed, sizeof sealed, out));
	assert_false(digest_unseal(key, sealed, 3, out));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(digests_have_their_known_values),
		cmocka_unit_test(joined_crcs_are_those_of_the_whole),
		cmocka_unit_test(hmac_has_its_known_value),
		cmocka_unit_test(sealed_bytes_open_only_with_their_key),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
