/* How well clients keep up, and which of them ends. */
#include "unit.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limit.h"
#include "http/pace.h"
#include "http/slots.h"
#include "unit_cx.h"

enum { SECOND = 1000000 };

/* A client that moves a lump each time it has been waited for. */
static void
paces_are_judged(void **state)
{
	static const struct {
		const char	*why;
		enum pace_of	 of;
		uint64_t	 first, lump;
		int		 every_ms, for_s;
		bool		 slow, over;
	} cases[] = {
		{ "a byte a second", PACE_BODY, 0, 1, 1000, 2, true, false },
		{ "and for long", PACE_BODY, 0, 1, 1000, 31, true, true },
		{ "nothing", PACE_BODY, 0, 0, 29000, 29, true, false },
		{ "nothing, too long", PACE_BODY, 0, 0, 31000, 31, true,
		    true },
		{ "less than a second", PACE_BODY, 0, 0, 900, 0, false,
		    false },
		{ "just under the least rate", PACE_BODY, 0, 4000, 1000, 3600,
		    true, true },
		{ "just over it", PACE_BODY, 0, 4200, 1000, 3600, true,
		    false },
		{ "8 KiB a second", PACE_BODY, 0, 8192, 1000, 3600, true,
		    false },
		{ "the same in lumps of what buffers hold", PACE_ANSWER,
		    5 << 19, 7 << 17, 112000, 3600, true, false },
		{ "100 KiB a second", PACE_BODY, 0, 10240, 100, 3600, false,
		    false },
		{ "the same in lumps of what buffers hold", PACE_ANSWER,
		    5 << 19, 7 << 17, 8960, 3600, false, false },
		{ "gigabytes at once, then nothing", PACE_ANSWER,
		    UINT64_C(5) << 30, 0, 12000, 12, true, false },
		{ "and for very long", PACE_ANSWER, UINT64_C(5) << 30, 0,
		    290000, 290, true, true },
		{ "a body at once, then nothing", PACE_BODY, UINT64_C(5) << 30,
		    0, 4000, 4, true, false },
		/* What is held is worth 2 s and 32 s of a body, 10 s and 160 s
		 * of an answer. */
		{ "just under what is slow", PACE_BODY, 0, 6500, 100, 3600,
		    true, false },
		{ "just over it", PACE_BODY, 0, 6600, 100, 3600, false, false },
		{ "a body, not yet slow", PACE_BODY, UINT64_C(5) << 30, 0,
		    2900, 2, false, false },
		{ "a body, slow", PACE_BODY, UINT64_C(5) << 30, 0, 3100, 3,
		    true, false },
		{ "a body, not yet over", PACE_BODY, UINT64_C(5) << 30, 0,
		    61000, 61, true, false },
		{ "a body, over", PACE_BODY, UINT64_C(5) << 30, 0, 63000, 63,
		    true, true },
		{ "an answer, not yet slow", PACE_ANSWER, UINT64_C(5) << 30, 0,
		    10900, 10, false, false },
		{ "an answer, slow", PACE_ANSWER, UINT64_C(5) << 30, 0, 11100,
		    11, true, false },
		{ "an answer, not yet over", PACE_ANSWER, UINT64_C(5) << 30, 0,
		    189000, 189, true, false },
		{ "an answer, over", PACE_ANSWER, UINT64_C(5) << 30, 0, 191000,
		    191, true, true },
	};
	struct pace	p;
	int64_t		now;
	size_t		i;
	bool		over;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		print_message("%s\n", cases[i].why);
		pace_init(&p);
		pace_wait(&p, cases[i].of, 1);
		pace_moved(&p, 1, cases[i].first);
		over = false;
		for (now = 1; now < (int64_t)cases[i].for_s * SECOND;) {
			pace_wait(&p, cases[i].of, now);
			now += cases[i].every_ms * 1000;
			over |= pace_is_over(&p, now);
			if (now < (int64_t)cases[i].for_s * SECOND)
				pace_moved(&p, now, cases[i].lump);
		}
		assert_int_equal(cases[i].slow, pace_is_slow(&p, now));
		assert_int_equal(cases[i].over, over);
	}
}

/* Time at work is not the client's. */
static void
only_waiting_counts(void **state)
{
	struct pace	p;
	int64_t		now;

	(void)state;
	pace_init(&p);
	for (now = 1; now < (int64_t)3600 * SECOND; now += 60 * SECOND) {
		pace_wait(&p, PACE_BODY, now);
		pace_moved(&p, now + 1000, 1000);
		assert_false(pace_is_slow(&p, now + 50 * SECOND));
		assert_false(pace_is_over(&p, now + 50 * SECOND));
	}
}

static void
the_slowest_ends_beyond_three_quarters(void **state)
{
	struct slots	*s = slots_new(8);
	int		 at[8], i;

	(void)state;
	for (i = 0; i < 8; i++)
		at[i] = slots_take(s);
	assert_int_equal(-1, slots_take(s));
	for (i = 0; i < 6; i++)
		assert_false(slots_say(s, at[i], true, 100 + (uint64_t)i));
	/* Who keeps up has the lowest rate of all, and is not meant. */
	slots_say(s, at[7], false, 1);
	assert_false(slots_judge(s));
	slots_say(s, at[6], true, 50);
	assert_true(slots_judge(s));
	assert_false(slots_judge(s));
	for (i = 0; i < 8; i++)
		assert_int_equal(i == 6, slots_say(s, at[i], i < 6, 100));
	/* Told once it stays told, until its slot is another's. */
	assert_true(slots_say(s, at[6], false, 100000));
	slots_leave(s, at[6]);
	assert_int_equal(at[6], slots_take(s));
	assert_false(slots_say(s, at[6], true, 1));
	assert_true(slots_judge(s));
	assert_false(slots_say(s, -1, true, 1));
	slots_leave(s, -1);
	slots_free(s);
}

/* The slots of processes that died are free again, and nobody's slowness. */
static void
the_dead_hold_nothing(void **state)
{
	char		 path[] = "/tmp/lakegate-slots-XXXXXX";
	struct slots	*s;
	int		 i, status, fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	if (fork() == 0) {
		if (slots_open(&cx, path, 4, &s) != OK)
			_exit(1);
		for (i = 0; i < 4; i++)
			slots_say(s, slots_take(s), true, 1);
		_exit(slots_take(s) == -1 ? 0 : 1);
	}
	wait(&status);
	assert_int_equal(0, status);
	assert_ok(&cx, slots_open(&cx, path, 4, &s));
	assert_false(slots_judge(s));
	for (i = 0; i < 4; i++)
		assert_int_equal(i, slots_take(s));
	assert_int_equal(-1, slots_take(s));
	slots_free(s);
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(paces_are_judged),
		cmocka_unit_test(only_waiting_counts),
		cmocka_unit_test(the_slowest_ends_beyond_three_quarters),
		cmocka_unit_test(the_dead_hold_nothing),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
