/* Users and access keys. */
#include "auth/auth_inside.h"

#include <string.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/digest.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/ident.h"
#include "base/limit.h"
#include "base/secret.h"
#include "base/vec.h"
#include "kv/kv.h"
#include "lake/keys.h"

enum { ROUNDS = 4, ID_DRAWN = 20 };

struct creds {			/* arguments of cred_list_fn */
	struct str		user;	/* whose keys; "": all */
	VEC(struct cred_user)	users;
	VEC(struct cred_key)	keys;
};

struct making {			/* a new key */
	struct str	 user, id;
	bool		 first;		/* the lake's first key  [A1] */
	struct str	 sealer;	/* what A M said when value was made */
	struct str	 print;		/* of the master key that seals it */
	struct buf	 value;		/* the record */
	bool		 moved;		/* A M says something else by now */
};

/* A time, which is all that some records have. */
static enum err
now_write(struct cx *cx, struct kv_tx *tx, struct str key)
{
	struct buf	b;

	buf_init(&b, cx->mem, 16);
	buf_varint(&b, (uint64_t)cx->now);
	return kv_put(cx, tx, key, &b);
}

static enum err
user_check(struct cx *cx, struct str name)
{
	if (name.n == 0 || name.n > LIMIT_USER_NAME || !str_is_utf8(name))
		return fail(cx, E_BAD_NAME, "a user's name has 1 to %d bytes "
		    "of UTF-8", LIMIT_USER_NAME);
	return OK;
}

static enum err
cred_user_create_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	const struct str	*name = arg;
	struct str		 v;
	enum err		 e;
	bool			 there;

	if ((e = kv_find(cx, tx, key_user(cx, *name), &v, &there)) != OK)
		return e;
	if (there)
		return fail(cx, E_NAME_TAKEN, "user \"%.*s\" exists already",
		    STRF(*name));
	return now_write(cx, tx, key_user(cx, *name));
}

enum err
cred_user_create(struct cx *cx, struct auth *a, struct str name)
{
	enum err	e;

	if ((e = user_check(cx, name)) != OK)
		return e;
	return kv_write(cx, a->kv, cred_user_create_fn, &name);
}

enum err
cred_user_find(struct cx *cx, struct auth *a, struct str name,
    struct cred_user *out, bool *there)
{
	struct str	v;
	uint64_t	created = 0;
	enum err	e;

	*there = false;
	if (name.n == 0 || name.n > LIMIT_USER_NAME)
		return OK;
	if ((e = kv_get(cx, a->kv, key_user(cx, name), &v, there)) != OK)
		return e;
	*there = *there && take_varint(&v, &created);
	*out = (struct cred_user){ name, (int64_t)created };
	return OK;
}

static enum err
users_list(struct cx *cx, struct kv_tx *tx, struct creds *c)
{
	struct keys_range	 all = key_range(cx, key_user(cx, STR("")));
	struct kv_cursor	*cur;
	struct str		 k, v;
	uint64_t		 created;
	enum err		 e;
	bool			 there;

	memset(&c->users, 0, sizeof c->users);
	if ((e = kv_scan(cx, tx, all.lo, all.hi, &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there) {
		created = 0;
		take_varint(&v, &created);
		*VEC_PUSH(cx->mem, &c->users) = (struct cred_user){
		    str_dup(cx->mem, str_from(k, all.lo.n)),
		    (int64_t)created };
	}
	return e;
}

static enum err
keys_list(struct cx *cx, struct kv_tx *tx, struct creds *c)
{
	struct keys_range	 all = key_range(cx, key_access(cx, STR("")));
	struct kv_cursor	*cur;
	struct cred_record	 r;
	struct str		 k, v;
	enum err		 e;
	bool			 there;

	memset(&c->keys, 0, sizeof c->keys);
	if ((e = kv_scan(cx, tx, all.lo, all.hi, &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there)
		if (cred_record_parse(str_dup(cx->mem, v), &r) &&
		    (c->user.n == 0 || str_is(c->user, r.user)))
			*VEC_PUSH(cx->mem, &c->keys) = (struct cred_key){
			    .id = str_dup(cx->mem, str_from(k, all.lo.n)),
			    .user = r.user, .created = r.created };
	return e;
}

static enum err
cred_list_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct creds	*c = arg;
	enum err	 e = users_list(cx, tx, c);

	return e == OK ? keys_list(cx, tx, c) : e;
}

enum err
cred_user_list(struct cx *cx, struct auth *a, struct cred_user **out, size_t *n)
{
	struct creds	c = { .user = STR("") };
	enum err	e = kv_read(cx, a->kv, cred_list_fn, &c);

	*out = c.users.at;
	*n = c.users.n;
	return e;
}

enum err
cred_key_list(struct cx *cx, struct auth *a, struct str user,
    struct cred_key **out, size_t *n)
{
	struct creds	c = { .user = user };
	enum err	e = kv_read(cx, a->kv, cred_list_fn, &c);

	*out = c.keys.at;
	*n = c.keys.n;
	return e;
}

/* Is there a user or a key but these?  [A3] */
static enum err
others_find(struct cx *cx, struct kv_tx *tx, struct str user, struct str id,
    bool *users, bool *keys)
{
	struct creds	c = { .user = STR("") };
	enum err	e;
	size_t		i;

	*users = *keys = false;
	if ((e = cred_list_fn(cx, tx, &c)) != OK)
		return e;
	for (i = 0; i < c.users.n; i++)
		if (!str_is(c.users.at[i].name, user))
			*users = true;
	for (i = 0; i < c.keys.n; i++)
		if (!str_is(c.keys.at[i].user, user) &&
		    !str_is(c.keys.at[i].id, id))
			*keys = true;
	return OK;
}

static enum err
last_key(struct cx *cx, const char *what, struct str name)
{
	return fail(cx, E_LAST_KEY, "%s \"%.*s\" is not deleted: nobody "
	    "could administer the lake any more. Make a key for another "
	    "first: lakegate key create USER", what, STRF(name));
}

static enum err
cred_user_delete_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	const struct str	*name = arg;
	struct creds		 own = { .user = *name };
	struct str		 v;
	enum err		 e;
	size_t			 i;
	bool			 there, users, keys;

	if ((e = kv_find(cx, tx, key_user(cx, *name), &v, &there)) != OK)
		return e;
	if (!there)
		return fail(cx, E_NO_SUCH_USER, "user \"%.*s\" not found",
		    STRF(*name));
	if ((e = others_find(cx, tx, *name, STR(""), &users, &keys)) != OK ||
	    (e = keys_list(cx, tx, &own)) != OK)
		return e;
	if ((!users || (!keys && own.keys.n > 0)) && !fault_skip("LAST_USER"))
		return last_key(cx, "user", *name);
	for (i = 0; i < own.keys.n; i++)
		if ((e = kv_delete(cx, tx, key_access(cx,
		    own.keys.at[i].id))) != OK)
			return e;
	return kv_delete(cx, tx, key_user(cx, *name));
}

enum err
cred_user_delete(struct cx *cx, struct auth *a, struct str name)
{
	enum err	e;

	if ((e = user_check(cx, name)) != OK)
		return e;
	return kv_write(cx, a->kv, cred_user_delete_fn, &name);
}

/* Has a lake a user, a key, or the mark?  [A1] */
static enum err
cred_set_up_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct keys_range	 keys = key_range(cx, key_access(cx, STR("")));
	struct keys_range	 users = key_range(cx, key_user(cx, STR("")));
	struct str		 k, v;
	bool			*there = arg;
	enum err		 e;

	if ((e = kv_find(cx, tx, key_setup(), &v, there)) != OK || *there ||
	    (e = kv_last(cx, tx, keys.lo, keys.hi, &k, &v, there)) != OK ||
	    *there)
		return e;
	return kv_last(cx, tx, users.lo, users.hi, &k, &v, there);
}

enum err
cred_is_set_up(struct cx *cx, struct auth *a, bool *out)
{
	*out = false;
	return kv_read(cx, a->kv, cred_set_up_fn, out);
}

/* The mark of A1, and under which master key secrets are sealed. */
static enum err
marks_write(struct cx *cx, struct kv_tx *tx, const struct making *m)
{
	enum err	e;

	if ((e = now_write(cx, tx, key_setup())) != OK || m->sealer.n > 0)
		return e;
	return kv_put_bytes(cx, tx, key_sealer(), m->print);
}

/* The key's record and, where they are not there yet, its user's and the
 * marks. */
static enum err
making_write(struct cx *cx, struct kv_tx *tx, const struct making *m)
{
	struct str	v;
	enum err	e;
	bool		there;

	if ((e = kv_find(cx, tx, key_access(cx, m->id), &v, &there)) != OK)
		return e;
	if (there)
		return fail(cx, E_NAME_TAKEN, "access key id \"%.*s\" exists "
		    "already", STRF(m->id));
	if ((e = kv_find(cx, tx, key_user(cx, m->user), &v, &there)) != OK ||
	    (!there && (e = now_write(cx, tx, key_user(cx,
	    m->user))) != OK) || (e = marks_write(cx, tx, m)) != OK)
		return e;
	return kv_put(cx, tx, key_access(cx, m->id), &m->value);
}

static enum err
cred_key_create_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct making	*m = arg;
	struct str	 sealer;
	enum err	 e;
	bool		 done;

	if ((e = master_print_find(cx, tx, &sealer)) != OK)
		return e;
	m->moved = !str_is(sealer, m->sealer);
	if (m->moved && !fault_skip("SEALER"))
		return OK;		/* nothing is written */
	if (m->first && !fault_skip("SETUP_ONCE")) {
		if ((e = cred_set_up_fn(cx, tx, &done)) != OK)
			return e;
		if (done)
			return fail(cx, E_SET_UP, "lakegate is already set "
			    "up");
	}
	return making_write(cx, tx, m);
}

/* Of the shape that lakectl knows: AKIAJ, 14 drawn, Q. */
static struct str
drawn_id(struct cx *cx)
{
	char	z[ID_DRAWN + 1] = "AKIAJ";

	ident_base32(z + 5, ID_DRAWN - 6);
	z[ID_DRAWN - 1] = 'Q';
	return str_dup(cx->mem, str_of(z));
}

static struct str
drawn_secret(struct cx *cx)
{
	unsigned char	raw[30];
	struct str	s;

	ident_random(raw, sizeof raw);
	s = enc_base64(cx->mem, raw, sizeof raw);	/* SECRET_BYTES */
	digest_wipe(raw, sizeof raw);
	return s;
}

enum err
cred_key_check(struct cx *cx, struct str user, struct str id, struct str secret)
{
	enum err	e;

	if ((e = user_check(cx, user)) != OK)
		return e;
	if (id.n > 0 && (id.n < 3 || id.n > LIMIT_KEY_ID ||
	    str_find(id, '/') < id.n || str_find(id, ':') < id.n))
		return fail(cx, E_BAD_NAME, "an access key id has 3 to %d "
		    "bytes, without / and :", LIMIT_KEY_ID);
	if (secret.n > 0 && (secret.n < 8 || secret.n > LIMIT_SECRET))
		return fail(cx, E_BAD_ARGUMENT, "a secret access key has 8 to "
		    "%d bytes", LIMIT_SECRET);
	return OK;
}

enum err
cred_prove_master(struct cx *cx, struct auth *a)
{
	struct cred_key	*keys, key;
	struct str	 sealer;
	enum err	 e;
	size_t		 n;
	bool		 there;

	if ((e = master_print_get(cx, a, &sealer)) != OK || sealer.n > 0 ||
	    (e = cred_key_list(cx, a, STR(""), &keys, &n)) != OK || n == 0)
		return e;
	return cred_key_find(cx, a, keys[0].id, &key, &there);
}

/* Seal and write; again, when another master key took over in between. */
static enum err
key_write(struct cx *cx, struct auth *a, struct making *m, struct str secret)
{
	struct cred_record	r = { .created = cx->now, .user = m->user };
	enum err		e;
	int			round;

	for (round = 0; round < ROUNDS; round++) {
		if ((e = cred_prove_master(cx, a)) != OK ||
		    (e = master_print_get(cx, a, &m->sealer)) != OK)
			return e;
		if (!master_seal(cx, a, m->sealer, secret, &r)) {
			if ((e = masters_read(cx, a)) != OK)
				return e;
			continue;
		}
		buf_init(&m->value, cx->mem, 4096);
		cred_record_format(&r, &m->value);
		m->print = r.print;
		if ((e = kv_write(cx, a->kv, cred_key_create_fn, m)) != OK ||
		    !m->moved)
			return e;
	}
	return master_wrong(cx, a);
}

static enum err
key_make(struct cx *cx, struct auth *a, struct making *m, struct str secret,
    struct cred_key *out)
{
	bool		drawn = secret.n == 0;
	enum err	e;

	if ((e = cred_key_check(cx, m->user, m->id, secret)) != OK)
		return e;
	if (m->id.n == 0)
		m->id = drawn_id(cx);
	if (drawn) {
		secret = drawn_secret(cx);
		secret_wipe_later(cx->mem, secret);
	}
	if ((e = key_write(cx, a, m, secret)) != OK)
		return e;
	*out = (struct cred_key){ .id = m->id, .user = m->user,
	    .secret = secret, .created = cx->now, .drawn = drawn };
	return OK;
}

enum err
cred_key_create(struct cx *cx, struct auth *a, struct str user, struct str id,
    struct str secret, struct cred_key *out)
{
	struct making	m = { .user = user, .id = id };

	return key_make(cx, a, &m, secret, out);
}

enum err
cred_key_create_first(struct cx *cx, struct auth *a, struct str user,
    struct str id, struct str secret, struct cred_key *out)
{
	struct making	m = { .user = user, .id = id, .first = true };

	return key_make(cx, a, &m, secret, out);
}

enum err
cred_key_find(struct cx *cx, struct auth *a, struct str id,
    struct cred_key *out, bool *there)
{
	struct cred_record	r;
	struct str		v;
	enum err		e;
	int			round;
	bool			kept;

	*there = false;
	if (id.n == 0 || id.n > LIMIT_KEY_ID)
		return OK;
	/* A rekey seals it anew meanwhile: read the record and the master
	 * keys again.  [DESIGN 6] */
	for (round = 0; round < ROUNDS; round++) {
		if ((e = kv_get(cx, a->kv, key_access(cx, id), &v,
		    &kept)) != OK || !kept)
			return e;
		if (!cred_record_parse(v, &r))
			return fail(cx, E_CORRUPT, "access key record");
		*out = (struct cred_key){ .id = id, .user = r.user,
		    .created = r.created, .sealed = r.sealed };
		*there = master_open(cx, a, &r, &out->secret);
		if (*there)
			return OK;
		if (masters_read(cx, a) != OK)
			cx_forget(cx);
	}
	return master_wrong(cx, a);
}

static enum err
no_such_key(struct cx *cx, struct str id)
{
	return fail(cx, E_NO_SUCH_KEY_ID, "access key id \"%.*s\" not found",
	    STRF(id));
}

static enum err
cred_key_delete_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	const struct str	*id = arg;
	struct str		 v;
	enum err		 e;
	bool			 there, users, keys;

	if ((e = kv_find(cx, tx, key_access(cx, *id), &v, &there)) != OK)
		return e;
	if (!there)
		return no_such_key(cx, *id);
	if ((e = others_find(cx, tx, STR(""), *id, &users, &keys)) != OK)
		return e;
	if (!keys && !fault_skip("LAST_KEY"))
		return last_key(cx, "access key", *id);
	return kv_delete(cx, tx, key_access(cx, *id));
}

enum err
cred_key_delete(struct cx *cx, struct auth *a, struct str id)
{
	return id.n > LIMIT_KEY_ID ? no_such_key(cx, id) :
	    kv_write(cx, a->kv, cred_key_delete_fn, &id);
}
