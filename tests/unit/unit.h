/* What the unit tests share: cmocka in its order, asserts on our types. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail

#include "base/cx.h"

#define assert_ok(cx, e)						\
	do {								\
		enum err e_ = (e);					\
		if (e_ != OK) {						\
			print_error("%s: %s (%s:%d)\n", err_name(e_),	\
			    (cx)->words, (cx)->file, (cx)->line);	\
			_fail(__FILE__, __LINE__);			\
		}							\
	} while (0)
#define assert_err(want, e)						\
	assert_string_equal(err_name(want), err_name(e))
#define assert_str(want, s)						\
	do {								\
		struct str s_ = (s);					\
		assert_int_equal(strlen(want), s_.n);			\
		assert_memory_equal(want, s_.p, s_.n);			\
	} while (0)

#endif
