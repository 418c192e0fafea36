/* Users and access keys. */
#include "auth/inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/digest.h"
#include "base/enc.h"
#include "base/fileio.h"
#include "base/ident.h"
#include "base/limit.h"
#include "base/vec.h"
#include "kv/kv.h"


enum err
auth_make_master(struct cx *cx, const char *dir, const char *name)
{
	char	hex[66];

	if (file_exists(str_printf(cx->mem, "%s/%s", dir, name).p))
		return fail(cx, E_CONF, "%s/%s exists already", dir, name);
	ident_hex(hex, 32);
	hex[64] = '\n';
	return file_replace(cx, dir, name, (struct str){ hex, 65 });
}

enum err
auth_open(struct cx *cx, struct kv *kv, const char *master,
    struct auth **out)
{
	struct auth	*a;
	struct str	 hex;
	unsigned char	 key[32];
	enum err	 e;

	if ((e = file_read_all(cx, master, 100, &hex)) != OK)
		return e;
	while (hex.n > 0 && (hex.p[hex.n - 1] == '\n' ||
	    hex.p[hex.n - 1] == '\r'))
		hex.n--;
	if (!enc_unhex(hex, key, sizeof key))
		return fail(cx, E_CONF, "%s is not a master key: 64 hex "
		    "digits", master);
	if ((a = calloc(1, sizeof *a)) == NULL)
		abort();
	a->kv = kv;
	memcpy(a->master, key, sizeof key);
	hmac_sha256(key, sizeof key, STR("session tokens"), a->token);
	*out = a;
	return OK;
}

void
auth_close(struct auth *a)
{
	free(a);
}

static struct str
cred_key(struct cx *cx, char kind, struct str name)
{
	return str_printf(cx->mem, "A%c%.*s", kind, STRF(name));
}

struct cred {			/* arguments of every transaction here */
	struct str	 user, id;
	struct buf	 value;
	struct str	 found;
	bool		 there;
	VEC(struct user) users;
	VEC(struct key)	 keys;
};

static enum err
user_write(struct cx *cx, struct kv_tx *tx, struct str name)
{
	struct buf	b;

	buf_init(&b, cx->mem, 64);
	buf_varint(&b, (uint64_t)cx->now);
	return kv_put(cx, tx, cred_key(cx, 'U', name), &b);
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
user_create_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct cred	*c = arg;
	enum err	 e;

	if ((e = kv_find(cx, tx, cred_key(cx, 'U', c->user), &c->found,
	    &c->there)) != OK)
		return e;
	if (c->there)
		return fail(cx, E_NAME_TAKEN, "user \"%.*s\" exists already",
		    STRF(c->user));
	return user_write(cx, tx, c->user);
}

enum err
user_create(struct cx *cx, struct auth *a, struct str name)
{
	struct cred	c = { .user = name };
	enum err	e;

	if ((e = user_check(cx, name)) != OK)
		return e;
	return kv_write(cx, a->kv, user_create_fn, &c);
}

static enum err
user_find_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct cred	*c = arg;

	return kv_find(cx, tx, cred_key(cx, 'U', c->user), &c->found,
	    &c->there);
}

enum err
user_find(struct cx *cx, struct auth *a, struct str name, struct user *out,
    bool *there)
{
	struct cred	c = { .user = name };
	uint64_t	created = 0;
	enum err	e;

	*there = false;
	if (name.n == 0 || name.n > LIMIT_USER_NAME)
		return OK;
	if ((e = kv_read(cx, a->kv, user_find_fn, &c)) != OK)
		return e;
	*there = c.there && take_varint(&c.found, &created);
	*out = (struct user){ name, (int64_t)created };
	return OK;
}

static bool
key_parse(struct str v, struct key *out, struct str *sealed)
{
	uint64_t	created;

	if (!take_varint(&v, &created) || !take_field(&v, &out->user) ||
	    !take_field(&v, sealed))
		return false;
	out->created = (int64_t)created;
	return true;
}

static enum err
list_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct cred		*c = arg;
	struct kv_cursor	*cur;
	struct key		 key;
	struct user		*u;
	struct str		 k, v, sealed;
	enum err		 e;
	bool			 there;

	c->users.n = c->keys.n = 0;
	if ((e = kv_scan(cx, tx, STR("A"), STR("B"), &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there) {
		k = str_dup(cx->mem, k);
		v = str_dup(cx->mem, v);
		if (str_starts(k, STR("AU"))) {
			uint64_t	created = 0;

			u = VEC_PUSH(cx->mem, &c->users);
			take_varint(&v, &created);
			*u = (struct user){ str_from(k, 2), (int64_t)created };
		} else if (str_starts(k, STR("AK")) &&
		    key_parse(v, &key, &sealed) &&
		    (c->user.n == 0 || str_is(c->user, key.user))) {
			key.id = str_from(k, 2);
			key.secret = STR("");
			*VEC_PUSH(cx->mem, &c->keys) = key;
		}
	}
	return e;
}

enum err
user_list(struct cx *cx, struct auth *a, struct user **out, size_t *n)
{
	struct cred	c = { .there = false };
	enum err	e;

	e = kv_read(cx, a->kv, list_fn, &c);
	*out = c.users.at;
	*n = c.users.n;
	return e;
}

enum err
key_list(struct cx *cx, struct auth *a, struct str user, struct key **out,
    size_t *n)
{
	struct cred	c = { .user = user };
	enum err	e;

	e = kv_read(cx, a->kv, list_fn, &c);
	*out = c.keys.at;
	*n = c.keys.n;
	return e;
}

static enum err
user_delete_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct cred	*c = arg;
	enum err	 e;
	size_t		 i;

	if ((e = kv_find(cx, tx, cred_key(cx, 'U', c->user), &c->found,
	    &c->there)) != OK)
		return e;
	if (!c->there)
		return fail(cx, E_NO_SUCH_USER, "user \"%.*s\" not found",
		    STRF(c->user));
	if ((e = list_fn(cx, tx, c)) != OK)
		return e;
	for (i = 0; i < c->keys.n; i++)
		if ((e = kv_delete(cx, tx, cred_key(cx, 'K',
		    c->keys.at[i].id))) != OK)
			return e;
	return kv_delete(cx, tx, cred_key(cx, 'U', c->user));
}

enum err
user_delete(struct cx *cx, struct auth *a, struct str name)
{
	struct cred	c = { .user = name };
	enum err	e;

	if ((e = user_check(cx, name)) != OK)
		return e;
	return kv_write(cx, a->kv, user_delete_fn, &c);
}

static enum err
key_create_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct cred	*c = arg;
	enum err	 e;

	if ((e = kv_find(cx, tx, cred_key(cx, 'K', c->id), &c->found,
	    &c->there)) != OK)
		return e;
	if (c->there)
		return fail(cx, E_NAME_TAKEN, "access key id \"%.*s\" exists "
		    "already", STRF(c->id));
	if ((e = kv_find(cx, tx, cred_key(cx, 'U', c->user), &c->found,
	    &c->there)) != OK ||
	    (!c->there && (e = user_write(cx, tx, c->user)) != OK))
		return e;
	return kv_put(cx, tx, cred_key(cx, 'K', c->id), &c->value);
}

static struct str
drawn_secret(struct cx *cx)
{
	unsigned char	raw[30];

	ident_random(raw, sizeof raw);
	return enc_base64(cx->mem, raw, sizeof raw);	/* SECRET_BYTES */
}

enum err
key_create(struct cx *cx, struct auth *a, struct str user, struct str id,
    struct str secret, struct key *out)
{
	struct cred	c = { .user = user };
	char		drawn[KEY_ID_MAX + 1] = "AKIA";
	unsigned char	*sealed;
	enum err	e;

	if ((e = user_check(cx, user)) != OK)
		return e;
	if (id.n == 0) {
		ident_base32(drawn + 4, KEY_ID_MAX - 4);
		id = str_dup(cx->mem, str_of(drawn));
	}
	if (secret.n == 0)
		secret = drawn_secret(cx);
	if (id.n < 3 || id.n > LIMIT_KEY_ID || str_find(id, '/') < id.n ||
	    str_find(id, ':') < id.n)
		return fail(cx, E_BAD_NAME, "an access key id has 3 to 128 "
		    "bytes, without / and :");
	if (secret.n < 8 || secret.n > LIMIT_SECRET)
		return fail(cx, E_BAD_ARGUMENT, "a secret access key has 8 to "
		    "%d bytes", LIMIT_SECRET);
	sealed = arena_get(cx->mem, secret.n + SEAL_OVERHEAD);
	digest_seal(a->master, secret.p, secret.n, sealed);
	buf_init(&c.value, cx->mem, 4096);
	buf_varint(&c.value, (uint64_t)cx->now);
	buf_field(&c.value, user);
	buf_field(&c.value, (struct str){ (char *)sealed,
	    secret.n + SEAL_OVERHEAD });
	c.id = id;
	if ((e = kv_write(cx, a->kv, key_create_fn, &c)) != OK)
		return e;
	*out = (struct key){ id, user, secret, cx->now };
	return OK;
}

static enum err
key_find_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct cred	*c = arg;

	return kv_find(cx, tx, cred_key(cx, 'K', c->id), &c->found,
	    &c->there);
}

enum err
key_find(struct cx *cx, struct auth *a, struct str id, struct key *out,
    bool *there)
{
	struct cred	c = { .id = id };
	struct str	sealed;
	unsigned char	*plain;
	enum err	e;

	*there = false;
	if (id.n == 0 || id.n > LIMIT_KEY_ID)
		return OK;
	if ((e = kv_read(cx, a->kv, key_find_fn, &c)) != OK || !c.there)
		return e;
	if (!key_parse(c.found, out, &sealed))
		return fail(cx, E_CORRUPT, "access key record");
	plain = arena_get(cx->mem, sealed.n + 1);
	if (!digest_unseal(a->master, sealed.p, sealed.n, plain))
		return fail(cx, E_CONF, "the secret of \"%.*s\" cannot be "
		    "read: is this the lake's master key?", STRF(id));
	out->id = id;
	out->secret = (struct str){ (char *)plain, sealed.n - SEAL_OVERHEAD };
	*there = true;
	return OK;
}

static enum err
key_delete_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct cred	*c = arg;
	enum err	 e;

	if ((e = key_find_fn(cx, tx, arg)) != OK)
		return e;
	if (!c->there)
		return fail(cx, E_NO_SUCH_KEY_ID, "access key id \"%.*s\" not "
		    "found", STRF(c->id));
	return kv_delete(cx, tx, cred_key(cx, 'K', c->id));
}

enum err
key_delete(struct cx *cx, struct auth *a, struct str id)
{
	struct cred	c = { .id = id };

	return kv_write(cx, a->kv, key_delete_fn, &c);
}

enum err
pair_check(struct cx *cx, struct auth *a, struct str id, struct str secret,
    struct identity *who)
{
	struct key	k = { .secret = STR("") };
	enum err	e;
	bool		there;

	if ((e = key_find(cx, a, id, &k, &there)) != OK)
		return e;
	if (!there || k.secret.n != secret.n ||
	    !digest_same(k.secret.p, secret.p, secret.n))
		return fail(cx, E_NO_AUTH, "error authenticating request");
	*who = (struct identity){ .user = k.user, .key_id = id };
	return OK;
}
