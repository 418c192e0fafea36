/* The master key, which seals secrets: its file, or two during a rekey. */
#include "auth/auth_inside.h"

#include <string.h>

#include "base/cx.h"
#include "base/digest.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "base/ident.h"
#include "base/secret.h"
#include "kv/kv.h"
#include "lake/keys.h"

enum { ROUNDS = 4 };

void
master_path_split(struct cx *cx, struct str path, struct str *dir,
    struct str *name)
{
	struct str	rest = path;
	size_t		at;

	while ((at = str_find(rest, '/')) < rest.n)
		rest = str_from(rest, at + 1);
	*name = str_dup(cx->mem, rest);
	*dir = rest.n == path.n ? STR(".") : str_dup(cx->mem, str_to(path,
	    path.n - rest.n));
}

/* What one that was killed left: temporary files of file_replace. */
static enum err
sweep_name(struct cx *cx, const char *name, void *arg)
{
	const char	**at = arg;	/* the folder, the prefix */

	return str_starts(str_of(name), str_of(at[1])) ? file_unlink(cx,
	    str_printf(cx->mem, "%s/%s", at[0], name).p) : OK;
}

enum err
master_make(struct cx *cx, const char *path)
{
	char		 hex[2 * MASTER_BYTES + 2];
	const char	*at[2];
	struct str	 dir, name;
	enum err	 e;

	if (file_exists(path))
		return fail(cx, E_CONF, "%s exists already", path);
	master_path_split(cx, str_of(path), &dir, &name);
	at[0] = dir.p;
	at[1] = str_printf(cx->mem, ".%s.", name.p).p;
	if ((e = file_each(cx, dir.p, sweep_name, at)) != OK)
		return e;
	ident_hex(hex, MASTER_BYTES);
	hex[2 * MASTER_BYTES] = '\n';
	e = file_replace(cx, dir.p, name.p, (struct str){ hex,
	    2 * MASTER_BYTES + 1 });
	digest_wipe(hex, sizeof hex);
	return e;
}

struct str
master_next(struct cx *cx, const char *path)
{
	return str_printf(cx->mem, "%s.new", path);
}

enum err
master_read(struct cx *cx, const char *path, struct master *out)
{
	unsigned char	mac[SHA256_BYTES];
	struct str	hex;
	enum err	e;

	if ((e = file_read_all(cx, path, 100, &hex)) != OK)
		return e;
	secret_wipe_later(cx->mem, hex);
	while (hex.n > 0 && (hex.p[hex.n - 1] == '\n' ||
	    hex.p[hex.n - 1] == '\r'))
		hex.n--;
	if (!enc_unhex(hex, out->key, sizeof out->key))
		return fail(cx, E_CONF, "%s is not a master key, which has 64 "
		    "hex digits: restore it from the backup", path);
	hmac_sha256(out->key, sizeof out->key, STR("print"), mac);
	memcpy(out->print, mac, sizeof out->print);
	return OK;
}

static enum err
missing(struct cx *cx, const char *path)
{
	return fail(cx, E_CONF, "the master key %s is missing: without it no "
	    "access key can be used (repositories and objects are not "
	    "touched). Restore it from the backup. If it is lost for good, "
	    "`lakegate rekey --lost` makes a new one and revokes every key",
	    path);
}

enum err
master_wrong(struct cx *cx, const struct auth *a)
{
	return fail(cx, E_CONF, "%s is not the master key that sealed the "
	    "secrets of this lake, so its access keys cannot be used "
	    "(repositories and objects are not touched). Restore the right "
	    "one from the backup. If it is lost for good, `lakegate rekey "
	    "--lost` makes a new one and revokes every key", a->path);
}

enum err
masters_read(struct cx *cx, struct auth *a)
{
	struct master	at[2];
	struct str	next = master_next(cx, a->path);
	size_t		n = 1;
	enum err	e = OK;

	/* The new one first: if it is gone, the other is what it was. */
	if (file_exists(next.p)) {
		if (master_read(cx, next.p, &at[1]) == OK)
			n = 2;
		else
			cx_forget(cx);	/* renamed meanwhile, or none */
	}
	if (!file_exists(a->path))
		e = missing(cx, a->path);
	if (e == OK && (e = master_read(cx, a->path, &at[0])) == OK) {
		pthread_rwlock_wrlock(&a->lock);
		memcpy(a->masters, at, sizeof at);
		a->n_masters = n;
		pthread_rwlock_unlock(&a->lock);
	}
	digest_wipe(at, sizeof at);
	return e;
}

/* Which is it?  -1: none of them.  Under the lock. */
static int
master_of(const struct auth *a, struct str print)
{
	size_t	i;

	for (i = 0; i < a->n_masters; i++)
		if (print.n == PRINT_BYTES && memcmp(print.p,
		    a->masters[i].print, PRINT_BYTES) == 0)
			return (int)i;
	return print.n == 0 ? 0 : -1;
}

bool
master_seal(struct cx *cx, struct auth *a, struct str print,
    struct str secret, struct cred_record *out)
{
	size_t	 n = secret.n + SEAL_OVERHEAD;
	char	*sealed = arena_get(cx->mem, n);
	int	 i;

	pthread_rwlock_rdlock(&a->lock);
	if ((i = master_of(a, print)) >= 0) {
		digest_seal(a->masters[i].key, secret.p, secret.n,
		    (unsigned char *)sealed);
		out->sealed = (struct str){ sealed, n };
		out->print = str_dup(cx->mem, (struct str){
		    (char *)a->masters[i].print, PRINT_BYTES });
	}
	pthread_rwlock_unlock(&a->lock);
	return i >= 0;
}

bool
master_open(struct cx *cx, struct auth *a, const struct cred_record *r,
    struct str *secret)
{
	unsigned char	*plain = arena_get(cx->mem, r->sealed.n + 1);
	bool		 ok = false;
	size_t		 i;

	if (r->sealed.n < SEAL_OVERHEAD)
		return false;
	*secret = (struct str){ (char *)plain, r->sealed.n - SEAL_OVERHEAD };
	secret_wipe_later(cx->mem, *secret);
	pthread_rwlock_rdlock(&a->lock);
	for (i = 0; !ok && i < a->n_masters; i++)
		ok = (r->print.n == 0 || master_of(a, r->print) == (int)i) &&
		    digest_unseal(a->masters[i].key, r->sealed.p, r->sealed.n,
		    plain);
	pthread_rwlock_unlock(&a->lock);
	return ok;
}

enum err
master_print_find(struct cx *cx, struct kv_tx *tx, struct str *print)
{
	enum err	e;
	bool		there;

	e = kv_find(cx, tx, key_sealer(), print, &there);
	if (e == OK && !there)
		*print = STR("");
	return e;
}

enum err
master_print_get(struct cx *cx, struct auth *a, struct str *print)
{
	enum err	e;
	bool		there;

	e = kv_get(cx, a->kv, key_sealer(), print, &there);
	if (e == OK && !there)
		*print = STR("");
	return e;
}

/* The master key that A M names is at hand. */
enum err
masters_check(struct cx *cx, struct auth *a)
{
	struct str	print;
	enum err	e;
	int		i, round;

	for (round = 0; round < ROUNDS; round++) {
		if ((e = masters_read(cx, a)) != OK ||
		    (e = master_print_get(cx, a, &print)) != OK)
			return e;
		pthread_rwlock_rdlock(&a->lock);
		i = master_of(a, print);
		pthread_rwlock_unlock(&a->lock);
		if (i >= 0 || fault_skip("MASTER_KNOWN"))
			return OK;
	}
	return master_wrong(cx, a);
}
