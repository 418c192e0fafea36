/* The filter of block ids: it never denies, and seldom errs. */
#include "unit/unit.h"

#include <string.h>

#include "lake/block_id.h"
#include "upkeep/bloom.h"

static struct uid	ids[50000];

static void
what_was_added_is_there(void **state)
{
	static const struct {
		uint64_t	size;
		uint32_t	added;
		unsigned	errors;		/* of 10000, at most */
	} cases[] = {
		{ 0, 0, 0 }, { 1, 1, 10 }, { 1000, 1000, 10 },
		{ 20000, 20000, 200 },
		/* More than it was opened for: it errs more, and never denies. */
		{ 10, 50000, 10000 },
	};
	struct bloom	b;
	struct uid	id;
	uint32_t	i;
	size_t		k;
	unsigned	errors;

	(void)state;
	for (k = 0; k < sizeof cases / sizeof cases[0]; k++) {
		bloom_open(&b, cases[k].size);
		for (i = 0; i < cases[k].added; i++) {
			ids[i] = block_id_new(i % 3 + 1, i % 2 ?
			    BLOCK_IN_FILE : BLOCK_IN_KV);
			bloom_add(&b, &ids[i]);
		}
		for (i = 0; i < cases[k].added; i++)
			assert_true(bloom_has(&b, &ids[i]));
		for (i = errors = 0; i < 10000; i++) {
			id = block_id_new(i % 3 + 1, BLOCK_IN_FILE);
			errors += bloom_has(&b, &id);
		}
		assert_in_range(errors, 0, cases[k].errors);
		bloom_close(&b);
		bloom_close(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(what_was_added_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
