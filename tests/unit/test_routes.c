/* The tables of routes, headers and errors of both protocols. */
#include "unit/unit_cx.h"

#include <string.h>

#include "api/api_call.h"
#include "s3/s3_error.h"
#include "s3/s3_query.h"
#include "s3/s3_route.h"

/* No row is hidden by an earlier one that always fits first. */
static void
no_s3_route_is_hidden(void **state)
{
	const struct s3_row	*rows, *a, *b;
	size_t			 n;

	(void)state;
	rows = s3_route_table(&n);
	for (b = rows; b < rows + n; b++)
		for (a = rows; a < b; a++)
			assert_false(a->method == b->method &&
			    a->scope == b->scope &&
			    (a->must == NULL || (b->must != NULL &&
			    strcmp(a->must, b->must) == 0)) &&
			    (a->header == NULL || (b->header != NULL &&
			    strcmp(a->header, b->header) == 0)));
}

/* The operations that have a row; none has two. */
static unsigned
operations(void)
{
	const struct s3_row	*row;
	unsigned		 all = 0;
	size_t			 n;

	for (row = s3_route_table(&n); n > 0; row++, n--) {
		assert_int_equal(0, all & row->op);
		all |= row->op;
	}
	return all;
}

/* Who takes a header is an operation; what chooses one is taken by it; a name
 * is found in its own row, not in one that stands before. */
static void
headers_are_those_of_routes(void **state)
{
	const struct s3_header	*h, *b;
	const struct s3_row	*row;
	size_t			 n, n_rows;
	bool			 there;

	(void)state;
	h = s3_query_table(&n);
	for (b = h; b < h + n; b++) {
		assert_true(b->takers == S3_ALL_OPS ||
		    (b->takers & ~operations()) == 0);
		for (const struct s3_header *a = h; a < b; a++)
			assert_false(str_is(a->name, b->name) ||
			    (str_ends(a->name, STR("-")) &&
			    str_starts(b->name, a->name)));
	}
	row = s3_route_table(&n_rows);
	for (; n_rows > 0; row++, n_rows--) {
		there = row->header == NULL;
		for (b = h; b < h + n; b++)
			there = there || (str_is(b->name,
			    str_of(row->header)) &&
			    (b->takers & row->op) != 0);
		assert_true(there);
	}
}

/* What answers with its row's document or code has one, and nothing else. */
static void
fixed_answers_are_in_their_rows(void **state)
{
	const struct s3_row	*row;
	size_t			 n;

	(void)state;
	for (row = s3_route_table(&n); n > 0; row++, n--)
		assert_int_equal(row->run == s3_fixed_document ||
		    row->run == s3_fixed_missing, row->answer != NULL);
}

static void
no_api_route_is_there_twice(void **state)
{
	const struct api_row	*rows;
	size_t			 i, j, n;

	(void)state;
	rows = api_route_table(&n);
	for (i = 0; i < n; i++)
		for (j = 0; j < i; j++) {
			assert_false(rows[i].method == rows[j].method &&
			    strcmp(rows[i].path, rows[j].path) == 0);
			assert_string_not_equal(rows[i].called,
			    rows[j].called);
		}
}

static void
every_error_has_a_status(void **state)
{
	struct s3_code	code;
	int		e;

	(void)state;
	for (e = 1; e < ERR_KINDS; e++) {
		code = s3_error_code((enum err)e);
		assert_true(code.name[0] != '\0' && code.status >= 300);
		assert_true(api_error_status((enum err)e) >= 300);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(no_s3_route_is_hidden),
		cmocka_unit_test(headers_are_those_of_routes),
		cmocka_unit_test(fixed_answers_are_in_their_rows),
		cmocka_unit_test(no_api_route_is_there_twice),
		cmocka_unit_test(every_error_has_a_status),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
