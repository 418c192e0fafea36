/* auth: users, keys, setup, session tokens, the master key. */
#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/auth_inside.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "base/limit.h"
#include "http/http.h"
#include "kv/kv.h"

enum { SESSION = 100 };

static const struct request	nobody;

static struct cx	cx;
static struct kv	*kv;
static struct auth	*a;
static char		dir[32], master[64];

static void
auth_again(void)
{
	const struct auth_opts	opt = { master, SESSION };

	auth_close(a);
	a = NULL;
	assert_ok(&cx, auth_open(&cx, kv, &opt, &a));
}

static int
setup(void **state)
{
	(void)state;
	cx_init(&cx, arena_new());
	snprintf(dir, sizeof dir, "/tmp/auth.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(master, sizeof master, "%s/master.key", dir);
	kv = kv_mem_open();
	assert_ok(&cx, master_make(&cx, master));
	auth_again();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	auth_close(a);
	a = NULL;
	kv_close(kv);
	file_unlink(&cx, master);
	file_unlink(&cx, master_next(&cx, master).p);
	file_unlink(&cx, str_printf(cx.mem, "%s/lock", dir).p);
	assert_int_equal(0, rmdir(dir));
	arena_free(cx.mem);
	return 0;
}

static void
make(const char *user, const char *id, const char *secret)
{
	struct cred_key	k;

	assert_ok(&cx, cred_key_create(&cx, a, str_of(user), str_of(id),
	    str_of(secret), &k));
}

static bool
opens(const char *id, const char *secret)
{
	struct str	token;
	int64_t		until;

	return auth_login(&cx, a, &nobody, str_of(id), str_of(secret),
	    &token, &until) == OK;
}

static enum err
put_fn(struct cx *own, struct kv_tx *tx, void *arg)
{
	const struct pair	*p = arg;

	return kv_put_bytes(own, tx, p->name, p->value);
}

static void
put(struct str name, struct str value)
{
	struct pair	p = { name, value };

	assert_ok(&cx, kv_write(&cx, kv, put_fn, &p));
}

static enum err
drop_fn(struct cx *own, struct kv_tx *tx, void *arg)
{
	return kv_delete(own, tx, *(struct str *)arg);
}

static void
drop(struct str name)
{
	assert_ok(&cx, kv_write(&cx, kv, drop_fn, &name));
}

/* ---- records ---------------------------------------------------------- */

static void
key_records_have_two_forms(void **state)
{
	static const struct {
		const char	*bytes;
		size_t		 n;
		bool		 ok;
		const char	*why;
	} cases[] = {
		{ "\x05\x02me\x03xyz", 8, true, "form 1" },
		{ "\x05\x02me\x03xyz\x02" "12345678", 17, true, "form 2" },
		{ "\x05\x02me\x03xyz\x02" "1234567", 16, false, "short" },
		{ "\x05\x02me\x03xyz\x02" "123456789", 18, false, "long" },
		{ "\x05\x02me\x03xyz\x03" "12345678", 17, false, "form 3" },
		{ "\x05\x02me\x03xy", 7, false, "cut" },
		{ "", 0, false, "empty" },
	};
	struct cred_record	r;
	struct str		v;
	struct buf		b;
	size_t			i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		v = (struct str){ cases[i].bytes, cases[i].n };
		assert_int_equal(cases[i].ok, cred_record_parse(v, &r));
		if (!cases[i].ok)
			continue;
		assert_str("me", r.user);
		assert_str("xyz", r.sealed);
		buf_init(&b, cx.mem, 100);
		cred_record_format(&r, &b);
		assert_true(str_is(v, buf_as_str(&b)));
	}
}

/* A record as an older program wrote it is read, and keeps its bytes. */
static void
old_records_are_read(void **state)
{
	unsigned char	sealed[16 + SEAL_OVERHEAD];
	struct buf	b;

	(void)state;
	digest_seal(a->masters[0].key, "an-old-secret-16", 16, sealed);
	buf_init(&b, cx.mem, 200);
	buf_varint(&b, 7);
	buf_field(&b, STR("ann"));
	buf_field(&b, (struct str){ (char *)sealed, sizeof sealed });
	put(STR("AKOLDKEY"), buf_as_str(&b));
	put(STR("AUann"), STR("\x07"));
	assert_true(opens("OLDKEY", "an-old-secret-16"));
	make("ann", "NEWKEY", "a-new-secret");
	assert_true(opens("OLDKEY", "an-old-secret-16"));
	assert_true(opens("NEWKEY", "a-new-secret"));
	assert_false(opens("NEWKEY", "a-new-secreT"));
	assert_false(opens("NEWKEY", ""));
}

/* ---- setup and the last key ------------------------------------------- */

static enum err
first(const char *user)
{
	struct cred_key	k;

	return cred_key_create_first(&cx, a, str_of(user), STR(""), STR(""),
	    &k);
}

static void
setup_happens_once(void **state)
{
	bool	done;

	(void)state;
	assert_ok(&cx, cred_is_set_up(&cx, a, &done));
	assert_false(done);
	assert_ok(&cx, first("admin"));
	assert_ok(&cx, cred_is_set_up(&cx, a, &done));
	assert_true(done);
	assert_err(E_SET_UP, first("evil"));
	/* The mark says so, whatever became of the users. */
	drop(STR("AUadmin"));
	assert_ok(&cx, cred_is_set_up(&cx, a, &done));
	assert_true(done);
	assert_err(E_SET_UP, first("evil"));
}

static void
an_old_lake_with_users_is_set_up(void **state)
{
	(void)state;
	put(STR("AUadmin"), STR("\x07"));
	assert_err(E_SET_UP, first("evil"));
}

static void
arguments_are_checked_before_anything_is_made(void **state)
{
	static const struct {
		const char	*user, *id, *secret;
		enum err	 want;
	} cases[] = {
		{ "me", "", "", OK },
		{ "me", "KEY", "eight888", OK },
		{ "", "KEY", "eight888", E_BAD_NAME },
		{ "me", "KE", "eight888", E_BAD_NAME },
		{ "me", "K:EY", "eight888", E_BAD_NAME },
		{ "me", "K/EY", "eight888", E_BAD_NAME },
		{ "me", "KEY", "seven77", E_BAD_ARGUMENT },
	};
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_err(cases[i].want, cred_key_check(&cx,
		    str_of(cases[i].user), str_of(cases[i].id),
		    str_of(cases[i].secret)));
}

static void
the_last_key_stays(void **state)
{
	(void)state;
	make("ann", "ANNSKEY", "");
	assert_err(E_LAST_KEY, cred_key_delete(&cx, a, STR("ANNSKEY")));
	assert_true(strstr(cx.words, "lakegate key create") != NULL);
	assert_err(E_LAST_KEY, cred_user_delete(&cx, a, STR("ann")));
	assert_err(E_NO_SUCH_KEY_ID, cred_key_delete(&cx, a, STR("NOKEY")));
	make("ann", "ANNSOTHER", "");
	assert_ok(&cx, cred_key_delete(&cx, a, STR("ANNSKEY")));
	assert_err(E_LAST_KEY, cred_key_delete(&cx, a, STR("ANNSOTHER")));
}

static void
the_last_user_with_a_key_stays(void **state)
{
	(void)state;
	make("ann", "ANNSKEY", "");
	make("ann", "ANNSOTHER", "");
	assert_ok(&cx, cred_user_create(&cx, a, STR("bob")));
	/* bob has no key: nobody could sign in. */
	assert_err(E_LAST_KEY, cred_user_delete(&cx, a, STR("ann")));
	make("bob", "BOBSKEY", "");
	assert_ok(&cx, cred_user_delete(&cx, a, STR("ann")));
	assert_err(E_LAST_KEY, cred_user_delete(&cx, a, STR("bob")));
	assert_err(E_NO_SUCH_USER, cred_user_delete(&cx, a, STR("ann")));
}

static void
users_without_keys_may_go_but_for_the_last(void **state)
{
	(void)state;
	assert_ok(&cx, cred_user_create(&cx, a, STR("ann")));
	assert_ok(&cx, cred_user_create(&cx, a, STR("bob")));
	assert_ok(&cx, cred_user_delete(&cx, a, STR("ann")));
	assert_err(E_LAST_KEY, cred_user_delete(&cx, a, STR("bob")));
	make("ann", "ANNSKEY", "");
	assert_ok(&cx, cred_user_delete(&cx, a, STR("bob")));
}

/* ---- tokens ----------------------------------------------------------- */

static struct str
token_of(const char *id, const char *secret)
{
	struct str	token = STR("");
	int64_t		end;

	assert_ok(&cx, auth_login(&cx, a, &nobody, str_of(id),
	    str_of(secret), &token, &end));
	assert_int_equal(cx.now / 1000 + SESSION, end);
	return token;
}

static bool
is_good(struct str token)
{
	struct auth_identity	who;
	enum err	e = token_check(&cx, a, &nobody, token, &who);

	if (e != OK)
		assert_err(E_NO_AUTH, e);
	return e == OK;
}

static void
a_token_says_whose_it_is(void **state)
{
	struct auth_identity	who;
	struct str	token;

	(void)state;
	make("ann", "ANNSKEY", "a-secret-of-ann");
	token = token_of("ANNSKEY", "a-secret-of-ann");
	assert_ok(&cx, token_check(&cx, a, &nobody, token, &who));
	assert_str("ann", who.user);
	assert_str("ANNSKEY", who.key_id);
	assert_false(who.anonymous);
}

static void
a_token_ends_with_its_time(void **state)
{
	struct str	token;
	int64_t		begin = cx.now;

	(void)state;
	make("ann", "ANNSKEY", "a-secret-of-ann");
	token = token_of("ANNSKEY", "a-secret-of-ann");
	cx.now = begin + (SESSION - 1) * 1000;
	assert_true(is_good(token));
	cx.now = begin + SESSION * 1000;
	assert_false(is_good(token));
}

static void
a_token_ends_with_its_key(void **state)
{
	struct str	token, other;

	(void)state;
	make("ann", "ANNSKEY", "a-secret-of-ann");
	make("ann", "ANNSOTHER", "another-secret");
	token = token_of("ANNSKEY", "a-secret-of-ann");
	other = token_of("ANNSOTHER", "another-secret");
	assert_ok(&cx, cred_key_delete(&cx, a, STR("ANNSKEY")));
	assert_false(is_good(token));
	assert_true(is_good(other));
	/* The same id and secret again, in the same millisecond. */
	make("ann", "ANNSKEY", "a-secret-of-ann");
	assert_false(is_good(token));
	assert_true(is_good(token_of("ANNSKEY", "a-secret-of-ann")));
}

static void
a_token_ends_with_its_user(void **state)
{
	struct str	token;

	(void)state;
	make("bob", "BOBSKEY", "");
	make("ann", "ANNSKEY", "a-secret-of-ann");
	token = token_of("ANNSKEY", "a-secret-of-ann");
	assert_ok(&cx, cred_user_delete(&cx, a, STR("ann")));
	assert_false(is_good(token));
	assert_ok(&cx, cred_user_create(&cx, a, STR("ann")));
	assert_false(is_good(token));
	make("ann", "ANNSKEY", "a-secret-of-ann");
	assert_false(is_good(token));
}

static void
what_is_no_token_is_refused(void **state)
{
	static const struct {
		const char	*form, *why;
	} cases[] = {
		{ "%.*s.", "a fourth part, empty" },
		{ "%.*s.x", "a fourth part" },
		{ ".%.*s", "a part before" },
		{ "%.*sA", "a longer MAC" },
		{ "x%.*s", "another head" },
	};
	struct str	token;
	size_t		i;

	(void)state;
	make("ann", "ANNSKEY", "a-secret-of-ann");
	token = token_of("ANNSKEY", "a-secret-of-ann");
	assert_true(is_good(token));
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		assert_false(is_good(str_printf(cx.mem, cases[i].form,
		    STRF(token))));
#pragma GCC diagnostic pop
	for (i = 0; i < token.n; i++)
		assert_false(is_good(str_to(token, i)));
	assert_false(is_good(STR("..")));
	assert_false(is_good(STR("e30.e30.e30")));
	assert_false(is_good((struct str){ arena_get(cx.mem, 100000),
	    100000 }));
}

/* What the program before this one made: no key in the claims. */
static void
tokens_of_older_programs_are_refused(void **state)
{
	unsigned char	key[SHA256_BYTES], mac[SHA256_BYTES];
	char		*p;
	size_t		i;
	struct str	part = STR("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
	    "eyJzdWIiOiJhbm4iLCJhdWQiOiJsb2dpbiIsImV4cCI6OTk5OTk5OTk5OX0");
	struct str	sig;

	(void)state;
	make("ann", "ANNSKEY", "a-secret-of-ann");
	hmac_sha256(a->masters[0].key, 32, STR("session tokens"), key);
	hmac_sha256(key, sizeof key, part, mac);
	sig = enc_base64(cx.mem, mac, sizeof mac);
	p = str_z(cx.mem, str_to(sig, 43));
	for (i = 0; i < 43; i++)
		p[i] = p[i] == '+' ? '-' : p[i] == '/' ? '_' : p[i];
	sig = str_of(p);
	assert_false(is_good(str_printf(cx.mem, "%.*s.%.*s", STRF(part),
	    STRF(sig))));
}

/* ---- the master key --------------------------------------------------- */

static void
a_missing_or_wrong_master_key_says_what_to_do(void **state)
{
	struct auth_opts	opt = { master, SESSION };
	struct auth		*b;
	struct str		kept;

	(void)state;
	make("ann", "ANNSKEY", "");
	assert_ok(&cx, file_read_all(&cx, master, 100, &kept));
	assert_ok(&cx, file_unlink(&cx, master));
	assert_err(E_CONF, auth_open(&cx, kv, &opt, &b));
	assert_true(strstr(cx.words, "is missing") != NULL);
	assert_true(strstr(cx.words, "backup") != NULL);
	assert_ok(&cx, master_make(&cx, master));
	assert_err(E_CONF, auth_open(&cx, kv, &opt, &b));
	assert_true(strstr(cx.words, "is not the master key") != NULL);
	assert_true(strstr(cx.words, "rekey --lost") != NULL);
	assert_ok(&cx, file_replace(&cx, dir, "master.key", STR("x\n")));
	assert_err(E_CONF, auth_open(&cx, kv, &opt, &b));
	assert_true(strstr(cx.words, "64 hex digits") != NULL);
	assert_ok(&cx, file_replace(&cx, dir, "master.key", kept));
	auth_again();
}

/* An old lake does not say which master key is right: its keys do. */
static void
a_wrong_master_key_does_not_become_the_right_one(void **state)
{
	struct cred_key	k;

	(void)state;
	make("ann", "ANNSKEY", "");
	drop(STR("AM"));
	file_unlink(&cx, master);
	assert_ok(&cx, master_make(&cx, master));
	auth_again();
	assert_err(E_CONF, cred_key_create(&cx, a, STR("bob"), STR(""), STR(""),
	    &k));
}

/* ---- rekey ------------------------------------------------------------ */

static enum err
rekey(struct cx *own, struct kv *of, bool lost, struct rekey_report *r)
{
	struct rekey_opts	opt = { .master = master, .lost = lost };

	opt.lock = str_printf(own->mem, "%s/lock", dir).p;
	return auth_rekey(own, of, &opt, r);
}

static struct str
master_now(void)
{
	struct str	text;

	assert_ok(&cx, file_read_all(&cx, master, 100, &text));
	return text;
}

static void
make_many(unsigned n)
{
	unsigned	i;

	for (i = 0; i < n; i++)
		make("ann", str_printf(cx.mem, "KEY%u", i).p,
		    str_printf(cx.mem, "secret-of-%u", i).p);
}

static void
all_open(unsigned n)
{
	unsigned	i;

	for (i = 0; i < n; i++)
		assert_true(opens(str_printf(cx.mem, "KEY%u", i).p,
		    str_printf(cx.mem, "secret-of-%u", i).p));
}

static void
a_rekey_seals_every_secret_anew(void **state)
{
	static const unsigned	counts[] = { 0, 1, 63, 64, 65, 200 };
	struct rekey_report	r;
	struct str		before, token;
	size_t			i;

	(void)state;
	for (i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		teardown(NULL);
		setup(NULL);
		make_many(counts[i]);
		before = master_now();
		token = counts[i] > 0 ? token_of("KEY0", "secret-of-0") :
		    STR("");
		assert_ok(&cx, rekey(&cx, kv, false, &r));
		assert_int_equal(counts[i], r.keys);
		assert_false(r.resumed);
		assert_false(str_is(before, master_now()));
		assert_false(file_exists(master_next(&cx, master).p));
		/* Whoever has the old one at hand takes the new one. */
		all_open(counts[i]);
		assert_false(is_good(token));
		auth_again();
		all_open(counts[i]);
		assert_false(is_good(token));
	}
}

/* A group that reads the master key reads the new one. */
static void
a_rekey_keeps_who_may_read(void **state)
{
	static const unsigned	modes[] = { 0600, 0640 };
	struct rekey_report	r;
	struct stat		st;
	size_t			i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(0, chmod(master, modes[i]));
		assert_ok(&cx, rekey(&cx, kv, false, &r));
		assert_int_equal(0, stat(master, &st));
		assert_int_equal(modes[i], st.st_mode & 07777);
	}
}

static void
an_old_record_is_sealed_anew(void **state)
{
	struct rekey_report	r;

	old_records_are_read(state);
	assert_ok(&cx, rekey(&cx, kv, false, &r));
	assert_int_equal(2, r.keys);
	auth_again();
	assert_true(opens("OLDKEY", "an-old-secret-16"));
}

static void
fault_set(const char *point)
{
	setenv("LAKEGATE_FAULT", point, 1);
	fault_init();
}

/* Stopped anywhere: every key works, and another run brings it to its end. */
static void
a_rekey_that_stops_is_gone_on_with(void **state)
{
	static const char *const	points[] = { "file.create:1",
	    "file.write:1", "file.sync:1", "file.rename:1", "file.syncdir:1",
	    "rekey.made:1", "rekey.named:1", "rekey.sealed:1",
	    "rekey.sealed:2", "rekey.sealed:3", "file.rename:2",
	    "rekey.renamed:1", "file.syncdir:2" };
	struct rekey_report		r;
	struct str			before;
	size_t				i;

	(void)state;
	make_many(150);
	for (i = 0; i < sizeof points / sizeof points[0]; i++) {
		before = master_now();
		fault_set(points[i]);
		assert_int_not_equal(OK, rekey(&cx, kv, false, &r));
		fault_set("none:0");
		all_open(150);
		auth_again();
		all_open(150);
		make("ann", "MEANWHILE", "secret-meanwhile");
		assert_ok(&cx, rekey(&cx, kv, false, &r));
		assert_false(str_is(before, master_now()));
		assert_false(file_exists(master_next(&cx, master).p));
		all_open(150);
		auth_again();
		all_open(150);
		assert_true(opens("MEANWHILE", "secret-meanwhile"));
		assert_ok(&cx, cred_key_delete(&cx, a, STR("MEANWHILE")));
	}
}

/* A kv where something happens just before a write. */
static struct hooked {
	struct kv	 kv;
	struct kv	*inner;
	unsigned	 left;
	void		(*hook)(void);
} hooked;

static enum err
hooked_read(struct cx *own, struct kv *of, kv_fn *fn, void *arg)
{
	(void)of;
	return hooked.inner->ops->read(own, hooked.inner, fn, arg);
}

static enum err
hooked_write(struct cx *own, struct kv *of, kv_fn *fn, void *arg)
{
	(void)of;
	if (--hooked.left == 0)
		hooked.hook();
	return hooked.inner->ops->write(own, hooked.inner, fn, arg);
}

static const struct kv_ops	hooked_ops = { .read = hooked_read,
    .write = hooked_write };

static struct kv *
hook_before(unsigned nth, void (*hook)(void))
{
	hooked = (struct hooked){ { &hooked_ops }, kv, nth, hook };
	return &hooked.kv;
}

static void
revoke_one(void)
{
	struct str	key = STR("AKKEY1");

	assert_ok(&cx, kv->ops->write(&cx, kv, drop_fn, &key));
}

static void
a_key_revoked_during_a_rekey_stays_revoked(void **state)
{
	struct rekey_report	r;

	(void)state;
	make_many(3);
	assert_ok(&cx, rekey(&cx, hook_before(2, revoke_one), false, &r));
	assert_int_equal(2, r.keys);
	assert_true(opens("KEY0", "secret-of-0"));
	assert_false(opens("KEY1", "secret-of-1"));
	assert_true(opens("KEY2", "secret-of-2"));
}

static void *
rekey_thread(void *arg)
{
	struct rekey_report	r;
	struct cx		own;

	(void)arg;
	cx_init(&own, arena_new());
	assert_ok(&own, rekey(&own, kv, false, &r));
	arena_free(own.mem);
	return NULL;
}

static void
rekey_aside(void)
{
	pthread_t	t;

	assert_int_equal(0, pthread_create(&t, NULL, rekey_thread, NULL));
	pthread_join(t, NULL);
}

/* Sealed under the old master key, written when the new one is there. */
static void
a_key_made_during_a_rekey_is_kept(void **state)
{
	struct cred_key	k;

	(void)state;
	make_many(3);
	a->kv = hook_before(1, rekey_aside);
	assert_ok(&cx, cred_key_create(&cx, a, STR("bob"), STR("BOBSKEY"),
	    STR("a-secret-of-bob"), &k));
	a->kv = kv;
	auth_again();
	assert_true(opens("BOBSKEY", "a-secret-of-bob"));
	all_open(3);
}

static void
one_rekey_at_a_time(void **state)
{
	struct rekey_report	r;
	int			fd;

	(void)state;
	make_many(1);
	assert_ok(&cx, file_lock_open(&cx, str_printf(cx.mem, "%s/lock",
	    dir).p, &fd));
	assert_true(file_try_lock(fd));
	assert_err(E_BUSY, rekey(&cx, kv, false, &r));
	file_close(fd);
	assert_ok(&cx, rekey(&cx, kv, false, &r));
}

static void
a_lost_master_key_costs_the_keys_alone(void **state)
{
	static const char *const	points[] = { "none:0", "rekey.made:1",
	    "rekey.named:1", "file.rename:2", "rekey.renamed:1" };
	struct rekey_report		r;
	struct cred_user		*users;
	size_t				i, n;
	enum err			e;

	(void)state;
	for (i = 0; i < sizeof points / sizeof points[0]; i++) {
		teardown(NULL);
		setup(NULL);
		make_many(3);
		assert_err(E_CONF, rekey(&cx, kv, true, &r));
		assert_true(strstr(cx.words, "is not lost") != NULL);
		file_unlink(&cx, master);
		assert_err(E_CONF, rekey(&cx, kv, false, &r));
		fault_set(points[i]);
		e = rekey(&cx, kv, true, &r);
		fault_set("none:0");
		assert_int_equal(i == 0, e == OK);
		/* renamed already: it is a lake with a right master key */
		if (e != OK && !file_exists(master))
			assert_ok(&cx, rekey(&cx, kv, true, &r));
		auth_again();
		assert_false(opens("KEY0", "secret-of-0"));
		assert_ok(&cx, cred_user_list(&cx, a, &users, &n));
		assert_int_equal(1, n);
		assert_err(E_SET_UP, first("evil"));
		make("ann", "NEWKEY", "a-new-secret");
		auth_again();
		assert_true(opens("NEWKEY", "a-new-secret"));
	}
}

/* Restored from the wrong lake's backup. */
static void
a_wrong_master_key_is_lost_too(void **state)
{
	struct rekey_report	r;

	(void)state;
	make_many(3);
	file_unlink(&cx, master);
	assert_ok(&cx, master_make(&cx, master));
	assert_err(E_CONF, rekey(&cx, kv, false, &r));
	assert_ok(&cx, rekey(&cx, kv, true, &r));
	assert_int_equal(3, r.revoked);
	auth_again();
	make("ann", "NEWKEY", "a-new-secret");
	assert_true(opens("NEWKEY", "a-new-secret"));
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

/* n times a character */
static struct str
times(size_t n, char c)
{
	char	*p = arena_get(cx.mem, n + 1);

	memset(p, c, n);
	return (struct str){ p, n };
}

static void
names_and_secrets_have_limits(void **state)
{
	const struct {
		size_t		user, id, secret;
		enum err	want;
	} cases[] = {
		{ LIMIT_USER_NAME, LIMIT_KEY_ID, LIMIT_SECRET, OK },
		{ 1, 3, 8, OK },
		{ LIMIT_USER_NAME + 1, 20, 40, E_BAD_NAME },
		{ 1, LIMIT_KEY_ID + 1, 40, E_BAD_NAME },
		{ 1, 2, 40, E_BAD_NAME },
		{ 1, 20, LIMIT_SECRET + 1, E_BAD_ARGUMENT },
		{ 1, 20, 7, E_BAD_ARGUMENT },
	};
	struct str	user, id, secret;
	struct cred_key	k;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		user = times(cases[i].user, 'u');
		id = times(cases[i].id, 'K');
		secret = times(cases[i].secret, 's');
		assert_err(cases[i].want, cred_key_create(&cx, a, user, id,
		    secret, &k));
		assert_int_equal(cases[i].want == OK,
		    opens(id.p, secret.p));
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST(key_records_have_two_forms),
		TEST(old_records_are_read),
		TEST(setup_happens_once),
		TEST(an_old_lake_with_users_is_set_up),
		TEST(arguments_are_checked_before_anything_is_made),
		TEST(names_and_secrets_have_limits),
		TEST(the_last_key_stays),
		TEST(the_last_user_with_a_key_stays),
		TEST(users_without_keys_may_go_but_for_the_last),
		TEST(a_token_says_whose_it_is),
		TEST(a_token_ends_with_its_time),
		TEST(a_token_ends_with_its_key),
		TEST(a_token_ends_with_its_user),
		TEST(what_is_no_token_is_refused),
		TEST(tokens_of_older_programs_are_refused),
		TEST(a_missing_or_wrong_master_key_says_what_to_do),
		TEST(a_wrong_master_key_does_not_become_the_right_one),
		TEST(a_rekey_seals_every_secret_anew),
		TEST(a_rekey_keeps_who_may_read),
		TEST(an_old_record_is_sealed_anew),
		TEST(a_rekey_that_stops_is_gone_on_with),
		TEST(a_key_revoked_during_a_rekey_stays_revoked),
		TEST(a_key_made_during_a_rekey_is_kept),
		TEST(one_rekey_at_a_time),
		TEST(a_lost_master_key_costs_the_keys_alone),
		TEST(a_wrong_master_key_is_lost_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
