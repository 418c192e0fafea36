/* Ids as digits and as bytes. */
#include "lake/ids.h"

#include <string.h>

#include "base/enc.h"

struct oid_hex
oid_hex(const struct oid *id)
{
	struct oid_hex	h;

	enc_hex(h.z, id->b, sizeof id->b);
	return h;
}

bool
oid_parse(struct str hex, struct oid *out)
{
	return enc_unhex(hex, out->b, sizeof out->b);
}

bool
oid_is(const struct oid *a, const struct oid *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

bool
oid_is_zero(const struct oid *a)
{
	static const struct oid	zero;

	return oid_is(a, &zero);
}

struct str
oid_str(const struct oid *id)
{
	return (struct str){ (const char *)id->b, sizeof id->b };
}

bool
uid_is(const struct uid *a, const struct uid *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

struct str
uid_str(const struct uid *id)
{
	return (struct str){ (const char *)id->b, sizeof id->b };
}
