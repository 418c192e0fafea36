/*
 * The limits of limit.def as constants, in the unit's smallest part: bytes,
 * seconds, or a number of things.
 */
#ifndef BASE_LIMIT_H
#define BASE_LIMIT_H

#include <stdint.h>

enum {
	LIMIT_UNIT_B = 1,
	LIMIT_UNIT_KIB = 1 << 10,
	LIMIT_UNIT_MIB = 1 << 20,
	LIMIT_UNIT_SECONDS = 1,
	LIMIT_UNIT_THINGS = 1,
#define LIMIT(name, value, unit, words) \
	LIMIT_##name = (value) * LIMIT_UNIT_##unit,
#define LARGE(name, value, unit, words)
#include "base/limit.def"
#undef LIMIT
#undef LARGE
};

#define LIMIT_UNIT_GIB	(UINT64_C(1) << 30)
#define LIMIT_UNIT_TIB	(UINT64_C(1) << 40)
#define LIMIT(name, value, unit, words)
#define LARGE(name, value, unit, words) \
	static const uint64_t	LIMIT_##name = (value) * LIMIT_UNIT_##unit;
#include "base/limit.def"
#undef LIMIT
#undef LARGE

#endif
