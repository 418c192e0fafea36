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

/* An id of a counter, as block ids that rise with time are. */
static struct uid
counted(uint64_t epoch, unsigned at, uint64_t n)
{
	struct uid	id = { { 0 } };
	unsigned	i;

	for (i = 0; i < 8; i++)
		id.b[i] = (unsigned char)(epoch >> (56 - 8 * i));
	id.b[8] = BLOCK_IN_KV;
	for (i = 0; i < 4; i++)
		id.b[at + i] = (unsigned char)(n >> (24 - 8 * i));
	return id;
}

/* 12 bits an id, 6 of them set: one error in 280. */
static void
counters_are_mixed(void **state)
{
	static const struct {
		unsigned	at;
		uint64_t	step;
	} cases[] = {
		{ 12, 1 }, { 9, 1 }, { 12, 2 }, { 12, 256 }, { 10, 4096 },
	};
	struct bloom	b;
	struct uid	id;
	unsigned	errors, i;
	size_t		k;

	(void)state;
	for (k = 0; k < sizeof cases / sizeof cases[0]; k++) {
		bloom_open(&b, 100000);
		for (i = 0; i < 100000; i++) {
			id = counted(7, cases[k].at, 2 * i * cases[k].step);
			bloom_add(&b, &id);
		}
		for (i = errors = 0; i < 100000; i++) {
			id = counted(7, cases[k].at,
			    (2 * i + 1) * cases[k].step);
			errors += bloom_has(&b, &id);
		}
		assert_in_range(errors, 250, 480);
		bloom_close(&b);
	}
}

/* Too many for the memory there is: it errs, but not always. */
static void
of_too_many_it_denies_some(void **state)
{
	static const struct {
		uint64_t	ids;
		unsigned	set, errors;	/* of 1000, at most */
	} cases[] = {
		{ 40000000, 2, 260 }, { 100000000, 1, 550 },
	};
	struct bloom	b;
	struct uid	id;
	uint64_t	i;
	unsigned	errors;
	size_t		k;

	(void)state;
	for (k = 0; k < sizeof cases / sizeof cases[0]; k++) {
		bloom_open(&b, cases[k].ids);
		assert_true(b.n == BLOOM_MOST);
		assert_int_equal(cases[k].set, b.set);
		/* A part of the filter stands for the whole. */
		b.n = BLOOM_MOST / 1000;
		for (i = 0; i < cases[k].ids / 1000; i++) {
			id = counted(1, 12, i);
			bloom_add(&b, &id);
		}
		for (i = errors = 0; i < 1000; i++) {
			id = counted(2, 12, i);
			errors += bloom_has(&b, &id);
		}
		assert_in_range(errors, 1, cases[k].errors);
		bloom_close(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(what_was_added_is_there),
		cmocka_unit_test(counters_are_mixed),
		cmocka_unit_test(of_too_many_it_denies_some),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
