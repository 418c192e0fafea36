/* auth/failure: counts, windows, damage, and who is forgotten. */
#include "unit/unit_cx.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/failure.h"
#include "base/ident.h"
#include "base/limit.h"
#include "http/http.h"

enum { KEY = LIMIT_FAILURES_KEY, ADDRESS = LIMIT_FAILURES_ADDRESS };

static char	dir[] = "/tmp/lakegate-failure-XXXXXX", path[64];

static int
dir_setup(void **state)
{
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/failures", dir);
	return cx_setup(state);
}

static int
dir_teardown(void **state)
{
	unlink(path);
	rmdir(dir);
	return cx_teardown(state);
}

static struct failures *
fresh(void)
{
	unlink(path);
	return failures_new(path);
}

static struct client
client(const char *address)
{
	struct client	c = { .known = address != NULL };

	if (c.known)
		assert_true(address_parse(str_of(address), &c.address));
	return c;
}

/* n more; how many of them were over a limit. */
static int
fails(struct failures *f, const char *address, const char *key,
    uint64_t now, int n)
{
	struct client	c = client(address);
	int		over = 0;

	while (n-- > 0)
		over += failures_add(&cx, f, &c, str_of(key), now);
	return over;
}

static void
keys_and_addresses_have_limits(void **state)
{
	struct failures	*f = fresh();
	char		 key[32];
	int		 i, over = 0;

	(void)state;
	assert_int_equal(0, fails(f, "192.0.2.7", "K", 100, KEY));
	assert_int_equal(3, fails(f, "192.0.2.7", "K", 100, 3));
	assert_int_equal(0, fails(f, "192.0.2.7", "L", 100, KEY));
	assert_int_equal(0, fails(f, "192.0.2.8", "K", 100, KEY));
	/* With one key after another the address is what is over. */
	for (i = 0; i < 2 * ADDRESS; i++) {
		snprintf(key, sizeof key, "K%d", i);
		over += fails(f, "192.0.2.9", key, 100, 1);
	}
	assert_int_equal(ADDRESS, over);
	/* All of a /64 are one. */
	for (i = 0, over = 0; i < 2 * ADDRESS; i++) {
		snprintf(key, sizeof key, "2001:db8::%x", i);
		over += fails(f, key, key, 100, 1);
	}
	assert_int_equal(ADDRESS, over);
	assert_int_equal(0, fails(f, "2001:db8:0:1::1", "K", 100, 1));
	failures_free(f);
}

/* Where the address is not known a key counts alone, and no address does. */
static void
unknown_addresses_are_not_counted(void **state)
{
	struct failures	*f = fresh();
	char		 key[32];
	int		 i;

	(void)state;
	for (i = 0; i < 4 * ADDRESS; i++) {
		snprintf(key, sizeof key, "K%d", i);
		assert_int_equal(0, fails(f, NULL, key, 100, 1));
	}
	assert_int_equal(0, fails(f, NULL, "K", 100, KEY));
	assert_int_equal(1, fails(f, NULL, "K", 100, 1));
	assert_int_equal(0, fails(f, "192.0.2.7", "K", 100, 1));
	failures_free(f);
}

static void
counts_pass(void **state)
{
	struct failures	*f = fresh();
	const int	 window = LIMIT_FAILURE_TIME;

	(void)state;
	assert_int_equal(0, fails(f, "192.0.2.7", "K", 100, KEY));
	assert_int_equal(1, fails(f, "192.0.2.7", "K", 99 + window, 1));
	assert_int_equal(0, fails(f, "192.0.2.7", "K", 100 + window, KEY));
	assert_int_equal(1, fails(f, "192.0.2.7", "K", 100 + window, 1));
	/* A clock that went back (a new boot), or far on. */
	assert_int_equal(0, fails(f, "192.0.2.7", "K", 3, KEY));
	assert_int_equal(1, fails(f, "192.0.2.7", "K", 3, 1));
	assert_int_equal(0, fails(f, "192.0.2.7", "K", (1 << 24) - 1, KEY));
	assert_int_equal(1, fails(f, "192.0.2.7", "K", 1 << 24, 1));
	assert_int_equal(0, fails(f, "192.0.2.7", "K", 99999, 1));
	failures_free(f);
}

/* Ten thousand others come; who failed often is still known, and the file has
 * not grown. */
static void
a_flood_forgets_the_least(void **state)
{
	struct failures	*f = fresh();
	struct stat	 before, after;
	struct client	 c = client("10.0.0.0");
	char		 key[32];
	int		 i;

	(void)state;
	fails(f, "192.0.2.7", "K", 100, 3 * KEY);
	assert_int_equal(0, stat(path, &before));
	for (i = 0; i < 10000; i++) {
		c.address.bytes[14] = (unsigned char)(i >> 8);
		c.address.bytes[15] = (unsigned char)i;
		snprintf(key, sizeof key, "K%d", i);
		assert_false(failures_add(&cx, f, &c, str_of(key), 101));
	}
	assert_int_equal(1, fails(f, "192.0.2.7", "K", 102, 1));
	assert_int_equal(0, stat(path, &after));
	assert_int_equal(before.st_size, after.st_size);
	assert_true(after.st_size < 256 * 1024);
	failures_free(f);
}

static void
spoil(const char *how)
{
	char	noise[4096];
	int	fd, i;

	if (strcmp(how, "remove") == 0) {
		assert_int_equal(0, unlink(path));
		return;
	}
	if (strcmp(how, "cut") == 0 || strcmp(how, "cut to a page") == 0) {
		assert_int_equal(0, truncate(path, how[3] == '\0' ? 0 : 4096));
		return;
	}
	fd = open(path, O_WRONLY);
	for (i = 0; i < 33; i++) {
		ident_random(noise, sizeof noise);
		if (how[0] == 'o')
			memset(noise, 0xff, sizeof noise);
		assert_int_equal(sizeof noise, write(fd, noise,
		    sizeof noise));
	}
	close(fd);
}

/* Whatever happens to the file, counting goes on, in it. */
static void
damage_is_survived(void **state)
{
	static const char *const	hows[] = { "remove", "cut",
	    "cut to a page", "noise", "ones" };
	struct failures			*f = fresh(), *other;
	size_t				 i;

	(void)state;
	for (i = 0; i < sizeof hows / sizeof hows[0]; i++) {
		fails(f, "192.0.2.7", "K", 100, 2 * KEY);
		spoil(hows[i]);
		/* Two address limits of calls end over one of them. */
		assert_true(fails(f, "192.0.2.7", "K", 200, 2 * ADDRESS) > 0);
		other = failures_new(path);
		assert_int_equal(1, fails(other, "192.0.2.7", "K", 200, 1));
		failures_free(other);
	}
	failures_free(f);
}

/* Without a file this process counts alone. */
static void
no_file_is_survived(void **state)
{
	struct failures	*f = failures_new("/nowhere/failures");

	(void)state;
	assert_int_equal(0, fails(f, "192.0.2.7", "K", 100, KEY));
	assert_int_equal(1, fails(f, "192.0.2.7", "K", 100, 1));
	failures_free(f);
}

/* Several processes at once, one of them killed. */
static void
processes_count_together(void **state)
{
	struct failures	*f = fresh();
	pid_t		 pid[4];
	int		 i, n, status;

	(void)state;
	for (i = 0; i < 4; i++)
		if ((pid[i] = fork()) == 0) {
			f = failures_new(path);
			for (n = 0; i == 0 || n < ADDRESS / 4; n++)
				fails(f, i == 0 ? "192.0.2.1" : "192.0.2.7",
				    i == 0 ? "Z" : "", 100, 1);
			_exit(0);
		}
	for (i = 1; i < 4; i++) {
		waitpid(pid[i], &status, 0);
		assert_int_equal(0, status);
	}
	kill(pid[0], SIGKILL);
	waitpid(pid[0], &status, 0);
	/* Three quarters of the limit, less what races lost. */
	n = fails(f, "192.0.2.7", "new", 100, KEY);
	assert_int_equal(0, n);
	assert_true(fails(f, "192.0.2.7", "", 100, ADDRESS / 2) > 0);
	failures_free(f);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(keys_and_addresses_have_limits),
		cmocka_unit_test(unknown_addresses_are_not_counted),
		cmocka_unit_test(counts_pass),
		cmocka_unit_test(a_flood_forgets_the_least),
		cmocka_unit_test(damage_is_survived),
		cmocka_unit_test(no_file_is_survived),
		cmocka_unit_test(processes_count_together),
	};

	return cmocka_run_group_tests(tests, dir_setup, dir_teardown);
}
