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

enum { ROUNDS = 4, ID_DRAWN = 20 };

struct cred {			/* arguments of every transaction here */
	struct str	 user, id;
	struct buf	 value;
	struct str	 sealer;	/* what A M said when value was made */
	struct str	 print;		/* of the master key that seals it */
	bool		 first;		/* the lake's first key  [A1] */
	bool		 moved;		/* A M says something else by now */
	struct str	 found;
	bool		 there;
	VEC(struct cred_user) users;
	VEC(struct cred_key) keys;
};

static enum err
user_write(struct cx *cx, struct kv_tx *tx, struct str name)
{
	struct buf	b;

	buf_init(&b, cx->mem, 64);
	buf_varint(&b, (uint64_t)cx->now);
	return kv_put(cx, tx, cred_record_key(cx, 'U', name), &b);
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
	struct cred	*c = arg;
	enum err	 e;

	if ((e = kv_find(cx, tx, cred_record_key(cx, 'U', c->user), &c->found,
	    &c->there)) != OK)
		return e;
	if (c->there)
		return fail(cx, E_NAME_TAKEN, "user \"%.*s\" exists already",
		    STRF(c->user));
	return user_write(cx, tx, c->user);
}

enum err
cred_user_create(struct cx *cx, struct auth *a, struct str name)
{
	struct cred	c = { .user = name };
	enum err	e;

	if ((e = user_check(cx, name)) != OK)
		return e;
	return kv_write(cx, a->kv, cred_user_create_fn, &c);
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
	if ((e = kv_get(cx, a->kv, cred_record_key(cx, 'U', name), &v,
	    there)) != OK)
		return e;
	*there = *there && take_varint(&v, &created);
	*out = (struct cred_user){ name, (int64_t)created };
	return OK;
}

static enum err
cred_list_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct cred		*c = arg;
	struct kv_cursor	*cur;
	struct cred_record	 r;
	struct cred_user	*u;
	struct str		 k, v;
	enum err		 e;
	bool			 there;

	memset(&c->users, 0, sizeof c->users);
	memset(&c->keys, 0, sizeof c->keys);
	if ((e = kv_scan(cx, tx, STR("A"), STR("B"), &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there) {
		k = str_dup(cx->mem, k);
		v = str_dup(cx->mem, v);
		if (str_starts(k, STR("AU"))) {
			uint64_t	created = 0;

			u = VEC_PUSH(cx->mem, &c->users);
			take_varint(&v, &created);
			*u = (struct cred_user){ str_from(k, 2),
			    (int64_t)created };
		} else if (str_starts(k, STR("AK")) &&
		    cred_record_parse(v, &r) &&
		    (c->user.n == 0 || str_is(c->user, r.user))) {
			*VEC_PUSH(cx->mem, &c->keys) = (struct cred_key){
			    .id = str_from(k, 2), .user = r.user,
			    .created = r.created };
		}
	}
	return e;
}

enum err
cred_user_list(struct cx *cx, struct auth *a, struct cred_user **out, size_t *n)
{
	struct cred	c = { .there = false };
	enum err	e;

	e = kv_read(cx, a->kv, cred_list_fn, &c);
	*out = c.users.at;
	*n = c.users.n;
	return e;
}

enum err
cred_key_list(struct cx *cx, struct auth *a, struct str user,
    struct cred_key **out, size_t *n)
{
	struct cred	c = { .user = user };
	enum err	e;

	e = kv_read(cx, a->kv, cred_list_fn, &c);
	*out = c.keys.at;
	*n = c.keys.n;
	return e;
}

/* Is there a user or a key but these?  [A3] */
static enum err
others_find(struct cx *cx, struct kv_tx *tx, struct str user, struct str id,
    bool *users, bool *keys)
{
	struct cred	c = { .first = false };
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
	struct cred	*c = arg;
	enum err	 e;
	size_t		 i;
	bool		 users, keys;

	if ((e = kv_find(cx, tx, cred_record_key(cx, 'U', c->user), &c->found,
	    &c->there)) != OK)
		return e;
	if (!c->there)
		return fail(cx, E_NO_SUCH_USER, "user \"%.*s\" not found",
		    STRF(c->user));
	if ((e = others_find(cx, tx, c->user, STR(""), &users,
	    &keys)) != OK || (e = cred_list_fn(cx, tx, c)) != OK)
		return e;
	if ((!users || (!keys && c->keys.n > 0)) && !fault_skip("LAST_USER"))
		return last_key(cx, "user", c->user);
	for (i = 0; i < c->keys.n; i++)
		if ((e = kv_delete(cx, tx, cred_record_key(cx, 'K',
		    c->keys.at[i].id))) != OK)
			return e;
	return kv_delete(cx, tx, cred_record_key(cx, 'U', c->user));
}

enum err
cred_user_delete(struct cx *cx, struct auth *a, struct str name)
{
	struct cred	c = { .user = name };
	enum err	e;

	if ((e = user_check(cx, name)) != OK)
		return e;
	return kv_write(cx, a->kv, cred_user_delete_fn, &c);
}

/* Has a lake a user, a key, or the mark?  [A1] */
static enum err
cred_set_up_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct cred	*c = arg;
	struct str	 name;
	enum err	 e;

	if ((e = kv_find(cx, tx, cred_record_key(cx, 'S', STR("")), &c->found,
	    &c->there)) != OK || c->there ||
	    (e = kv_last(cx, tx, STR("AK"), STR("AL"), &name, &c->found,
	    &c->there)) != OK || c->there)
		return e;
	return kv_last(cx, tx, STR("AU"), STR("AV"), &name, &c->found,
	    &c->there);
}

enum err
cred_is_set_up(struct cx *cx, struct auth *a, bool *out)
{
	struct cred	c = { .there = false };
	enum err	e = kv_read(cx, a->kv, cred_set_up_fn, &c);

	*out = c.there;
	return e;
}

/* The mark of A1, and under which master key secrets are sealed. */
static enum err
marks_write(struct cx *cx, struct kv_tx *tx, const struct cred *c)
{
	struct buf	b;
	enum err	e;

	buf_init(&b, cx->mem, 16);
	buf_varint(&b, (uint64_t)cx->now);
	if ((e = kv_put(cx, tx, cred_record_key(cx, 'S', STR("")), &b)) != OK ||
	    c->sealer.n > 0)
		return e;
	return kv_put_bytes(cx, tx, cred_record_key(cx, 'M', STR("")),
	    c->print);
}

static enum err
cred_key_create_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct cred	*c = arg;
	struct str	 sealer;
	enum err	 e;

	if ((e = master_print_find(cx, tx, &sealer)) != OK)
		return e;
	c->moved = !str_is(sealer, c->sealer);
	if (c->moved && !fault_skip("SEALER"))
		return OK;		/* nothing is written */
	if (c->first && !fault_skip("SETUP_ONCE")) {
		if ((e = cred_set_up_fn(cx, tx, c)) != OK)
			return e;
		if (c->there)
			return fail(cx, E_SET_UP, "lakegate is already set "
			    "up");
	}
	if ((e = kv_find(cx, tx, cred_record_key(cx, 'K', c->id), &c->found,
	    &c->there)) != OK)
		return e;
	if (c->there)
		return fail(cx, E_NAME_TAKEN, "access key id \"%.*s\" exists "
		    "already", STRF(c->id));
	if ((e = kv_find(cx, tx, cred_record_key(cx, 'U', c->user), &c->found,
	    &c->there)) != OK ||
	    (!c->there && (e = user_write(cx, tx, c->user)) != OK) ||
	    (e = marks_write(cx, tx, c)) != OK)
		return e;
	return kv_put(cx, tx, cred_record_key(cx, 'K', c->id), &c->value);
}

static struct str
drawn_id(struct cx *cx)
{
	char	z[ID_DRAWN + 1] = "AKIA";

	ident_base32(z + 4, ID_DRAWN - 4);
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
key_write(struct cx *cx, struct auth *a, struct cred *c, struct str secret)
{
	struct cred_record	r = { .created = cx->now, .user = c->user };
	enum err		e;
	int			round;

	for (round = 0; round < ROUNDS; round++) {
		if ((e = cred_prove_master(cx, a)) != OK ||
		    (e = master_print_get(cx, a, &c->sealer)) != OK)
			return e;
		if (!master_seal(cx, a, c->sealer, secret, &r)) {
			if ((e = masters_read(cx, a)) != OK)
				return e;
			continue;
		}
		buf_init(&c->value, cx->mem, 4096);
		cred_record_format(&r, &c->value);
		c->print = r.print;
		if ((e = kv_write(cx, a->kv, cred_key_create_fn, c)) != OK ||
		    !c->moved)
			return e;
	}
	return master_wrong(cx, a);
}

static enum err
key_make(struct cx *cx, struct auth *a, struct cred *c, struct str secret,
    struct cred_key *out)
{
	bool		drawn = secret.n == 0;
	enum err	e;

	if ((e = cred_key_check(cx, c->user, c->id, secret)) != OK)
		return e;
	if (c->id.n == 0)
		c->id = drawn_id(cx);
	if (drawn) {
		secret = drawn_secret(cx);
		secret_wipe_later(cx->mem, secret);
	}
	if ((e = key_write(cx, a, c, secret)) != OK)
		return e;
	*out = (struct cred_key){ .id = c->id, .user = c->user,
	    .secret = secret, .created = cx->now, .drawn = drawn };
	return OK;
}

enum err
cred_key_create(struct cx *cx, struct auth *a, struct str user, struct str id,
    struct str secret, struct cred_key *out)
{
	struct cred	c = { .user = user, .id = id };

	return key_make(cx, a, &c, secret, out);
}

enum err
cred_key_create_first(struct cx *cx, struct auth *a, struct str user,
    struct str id, struct str secret, struct cred_key *out)
{
	struct cred	c = { .user = user, .id = id, .first = true };

	return key_make(cx, a, &c, secret, out);
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
		if ((e = kv_get(cx, a->kv, cred_record_key(cx, 'K', id), &v,
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
cred_key_delete_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct cred	*c = arg;
	enum err	 e;
	bool		 users, keys;

	if ((e = kv_find(cx, tx, cred_record_key(cx, 'K', c->id), &c->found,
	    &c->there)) != OK)
		return e;
	if (!c->there)
		return fail(cx, E_NO_SUCH_KEY_ID, "access key id \"%.*s\" not "
		    "found", STRF(c->id));
	if ((e = others_find(cx, tx, STR(""), c->id, &users, &keys)) != OK)
		return e;
	if (!keys && !fault_skip("LAST_KEY"))
		return last_key(cx, "access key", c->id);
	return kv_delete(cx, tx, cred_record_key(cx, 'K', c->id));
}

enum err
cred_key_delete(struct cx *cx, struct auth *a, struct str id)
{
	struct cred	c = { .id = id };

	return kv_write(cx, a->kv, cred_key_delete_fn, &c);
}
