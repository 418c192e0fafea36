/* Errors, and who reads their words. */
#include "unit/unit_cx.h"

#include "base/cx.h"

/* Which of the words of a failure a client reads. */
static void
words_of_our_own_faults_are_the_logs(void **state)
{
	static const enum err	ours[] = { E_STORE, E_CORRUPT, E_CONF,
	    E_DISK_FULL };
	size_t			i;

	(void)state;
	for (i = 0; i < sizeof ours / sizeof ours[0]; i++) {
		fail(&cx, ours[i], "/srv/lake/blocks/00: no space");
		assert_string_equal(err_words(ours[i]), cx_public(&cx));
	}
	fail(&cx, E_BAD_PATH, "the path is empty");
	assert_string_equal("the path is empty", cx_public(&cx));
	cx_forget(&cx);
}

static void
steps_aside_leave_the_failure_alone(void **state)
{
	struct arena	*mem = arena_new();
	struct cx	 first, aside;

	(void)state;
	cx_init(&first, mem);
	fail(&first, E_NO_SUCH_TAG, "the first");
	aside = cx_aside(&first);
	assert_int_equal(OK, aside.code);
	assert_string_equal(first.id, aside.id);
	assert_true(aside.now == first.now && aside.mem == mem);
	fail(&aside, E_STORE, "another");
	assert_int_equal(E_NO_SUCH_TAG, first.code);
	assert_string_equal("the first", first.words);
	aside = cx_bare(mem);
	assert_true(aside.mem == mem && aside.now == 0 && aside.id[0] == '\0');
	arena_free(mem);
}

/* A protocol's own code is of one failure, and goes where it goes. */
static void
a_code_of_its_own_ends_with_its_failure(void **state)
{
	struct cx	other = cx_aside(&cx);

	(void)state;
	assert_int_equal(E_BAD_ARGUMENT, (fail(&cx, E_BAD_ARGUMENT, "a tag"),
	    cx_as(&cx, "InvalidTag")));
	assert_string_equal("InvalidTag", cx.as);
	cx_pass(&other, &cx);
	assert_string_equal("InvalidTag", other.as);
	assert_null(cx_aside(&cx).as);
	fail(&cx, E_BAD_ARGUMENT, "a number");
	assert_null(cx.as);
	cx_pass(&other, &cx);
	assert_null(other.as);
	cx_as(&cx, "InvalidTag");
	cx_forget(&cx);
	assert_null(cx.as);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(words_of_our_own_faults_are_the_logs),
		cmocka_unit_test(steps_aside_leave_the_failure_alone),
		cmocka_unit_test(a_code_of_its_own_ends_with_its_failure),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
