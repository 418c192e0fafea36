/* Another master key, while workers go on.  [DESIGN 6] */
#include "auth/auth_inside.h"

#include <string.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/digest.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "base/limit.h"
#include "base/vec.h"
#include "kv/kv.h"
#include "lake/keys.h"

enum { BATCH = 64 };

struct sealing {		/* a key's record, before and after */
	struct str	id, old;
	struct buf	anew;
};

struct batch {
	struct str		print;	/* of the new master key */
	struct str		after;	/* keys up to here are done */
	bool			revoke;	/* those that it does not seal */
	VEC(struct sealing)	at;
	bool			more;
	uint64_t		n;
};

/* The next keys that are sealed under another master key. */
static enum err
rekey_batch_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct batch		*b = arg;
	struct kv_cursor	*cur;
	struct cred_record	 r;
	struct keys_range	 all = key_range(cx, key_access(cx, STR("")));
	struct str		 k, v;
	enum err		 e;
	bool			 there;

	memset(&b->at, 0, sizeof b->at);
	b->more = false;
	if ((e = kv_scan(cx, tx, b->after.n > 0 ? str_after(cx->mem,
	    b->after) : all.lo, all.hi, &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there) {
		if (cred_record_parse(v, &r) && str_is(r.print, b->print))
			continue;
		if (b->at.n == BATCH && !b->revoke) {
			b->more = true;
			break;
		}
		*VEC_PUSH(cx->mem, &b->at) = (struct sealing){
		    .id = str_dup(cx->mem, str_from(k, all.lo.n)),
		    .old = str_dup(cx->mem, v) };
	}
	return e;
}

static enum err
seal_anew(struct cx *cx, struct auth *a, const struct batch *b,
    struct sealing *s)
{
	struct cred_record	r;
	struct str		secret;

	if (!cred_record_parse(s->old, &r) || !master_open(cx, a, &r, &secret))
		return fail(cx, E_CONF, "the secret of the access key "
		    "\"%.*s\" cannot be read under this lake's master key: "
		    "revoke it (lakegate key revoke), then run `lakegate "
		    "rekey` again", STRF(s->id));
	if (!master_seal(cx, a, b->print, secret, &r))
		return master_wrong(cx, a);
	buf_init(&s->anew, cx->mem, 4096);
	cred_record_format(&r, &s->anew);
	return OK;
}

/* A key that was revoked or made anew meanwhile stays so. */
static enum err
rekey_put_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct batch	*b = arg;
	struct str	 key, now;
	enum err	 e;
	size_t		 i;
	bool		 there;

	b->n = 0;
	for (i = 0; i < b->at.n; i++) {
		key = key_access(cx, b->at.at[i].id);
		if ((e = kv_find(cx, tx, key, &now, &there)) != OK)
			return e;
		if ((!there || !str_is(now, b->at.at[i].old)) &&
		    !fault_skip("REKEY_SAME"))
			continue;
		if ((e = kv_put(cx, tx, key, &b->at.at[i].anew)) != OK)
			return e;
		b->n++;
	}
	return OK;
}

static enum err
batch_seal(struct cx *cx, struct auth *a, struct batch *b)
{
	enum err	e;
	size_t		i;

	if ((e = kv_read(cx, a->kv, rekey_batch_fn, b)) != OK)
		return e;
	b->n = 0;
	for (i = 0; i < b->at.n; i++)
		if ((e = seal_anew(cx, a, b, &b->at.at[i])) != OK)
			return e;
	if (b->at.n == 0)
		return OK;
	if ((e = kv_write(cx, a->kv, rekey_put_fn, b)) != OK)
		return e;
	return fault("rekey.sealed") ? fail(cx, E_STORE, "stopped by a test") :
	    OK;
}

/* Scan after scan, until one finds none. */
static enum err
seal_all(struct cx *cx, struct auth *a, struct str print,
    struct rekey_report *r)
{
	struct arena_mark	mark = arena_mark(cx->mem);
	char			after[2 + LIMIT_KEY_ID];
	struct batch		b;
	struct str		last = STR("");
	enum err		e;
	bool			any = false;

	for (;;) {
		b = (struct batch){ .print = print, .after = last };
		if ((e = batch_seal(cx, a, &b)) != OK)
			return e;
		r->keys += b.n;
		any = any || b.at.n > 0;
		if (!b.more && !any)
			return OK;
		last = STR("");
		if (b.more) {
			last = key_access(cx, b.at.at[b.at.n - 1].id);
			memcpy(after, last.p, last.n);
			last.p = after;
		} else
			any = false;
		arena_back(cx->mem, mark);	/* secrets are wiped */
	}
}

/* A M, the mark of A1, and with --lost the end of all that is lost. */
static enum err
rekey_name_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct batch	*b = arg;
	struct buf	 now;
	struct str	 mark;
	enum err	 e;
	size_t		 i;
	bool		 there;

	if ((e = kv_put_bytes(cx, tx, key_sealer(), b->print)) != OK ||
	    (e = kv_find(cx, tx, key_setup(), &mark, &there)) != OK)
		return e;
	if (!b->revoke)
		return OK;
	buf_init(&now, cx->mem, 16);
	buf_varint(&now, (uint64_t)cx->now);
	if (!there && (e = kv_put(cx, tx, key_setup(), &now)) != OK)
		return e;
	if ((e = rekey_batch_fn(cx, tx, b)) != OK)
		return e;
	for (i = 0; i < b->at.n; i++)
		if ((e = kv_delete(cx, tx, key_access(cx,
		    b->at.at[i].id))) != OK)
			return e;
	b->n = b->at.n;
	return OK;
}

static enum err
take_over(struct cx *cx, const char *path)
{
	struct str	dir, name, next = master_next(cx, path);
	enum err	e;

	master_path_split(cx, str_of(path), &dir, &name);
	if ((e = file_rename(cx, next.p, path)) != OK)
		return e;
	if (fault("rekey.renamed"))
		return fail(cx, E_STORE, "stopped by a test");
	return file_sync_dir(cx, dir.p);
}

/* Whoever reads the one reads the other: a group may. */
static enum err
readers_same(struct cx *cx, const char *path, const char *next)
{
	struct file_owner	own;
	enum err		e;
	bool			there;
	int			fd;

	if ((e = file_owner(cx, path, &own, &there)) != OK || !there ||
	    (own.mode & 040) == 0 || (e = file_open(cx, next, &fd)) != OK)
		return e;
	e = file_share(cx, fd, own.group, 0640);
	file_close(fd);
	return e;
}

/* The new master key, durable before anything names it. */
static enum err
make_next(struct cx *cx, const char *path, struct str *print,
    struct rekey_report *r)
{
	struct str	next = master_next(cx, path);
	struct master	m;
	enum err	e;

	r->resumed = file_exists(next.p);
	if ((!r->resumed && (e = master_make(cx, next.p)) != OK) ||
	    (e = readers_same(cx, path, next.p)) != OK)
		return e;
	e = master_read(cx, next.p, &m);
	*print = str_dup(cx->mem, (struct str){ (char *)m.print,
	    PRINT_BYTES });
	digest_wipe(&m, sizeof m);
	return e != OK || !fault("rekey.made") ? e : fail(cx, E_STORE,
	    "stopped by a test");
}

/* Is the master key at hand the lake's?  *a NULL: it is not. */
static enum err
open_now(struct cx *cx, struct kv *kv, const char *path, bool lost,
    struct auth **a)
{
	struct auth_opts	opt = { .master = path };
	enum err		e;

	*a = NULL;
	if ((e = auth_open(cx, kv, &opt, a)) == OK)
		e = cred_prove_master(cx, *a);
	if (!lost || (e != OK && e != E_CONF))
		return e;
	if (e == OK)
		return fail(cx, E_CONF, "the master key %s is not lost: it "
		    "opens the secrets of this lake; use `lakegate rekey` "
		    "without --lost", path);
	auth_close(*a);
	*a = NULL;
	cx_forget(cx);
	return OK;
}

static enum err
rekey(struct cx *cx, struct kv *kv, const struct rekey_opts *opt,
    struct auth *a, struct rekey_report *r)
{
	struct batch	b = { .revoke = opt->lost };
	enum err	e;

	if ((e = make_next(cx, opt->master, &b.print, r)) != OK ||
	    (e = kv_write(cx, kv, rekey_name_fn, &b)) != OK)
		return e;
	r->revoked = b.n;
	if (fault("rekey.named"))
		return fail(cx, E_STORE, "stopped by a test");
	if (!opt->lost && ((e = masters_read(cx, a)) != OK ||
	    (e = seal_all(cx, a, b.print, r)) != OK))
		return e;
	return take_over(cx, opt->master);
}

enum err
auth_rekey(struct cx *cx, struct kv *kv, const struct rekey_opts *opt,
    struct rekey_report *r)
{
	struct auth	*a = NULL;
	enum err	 e;
	int		 lock;

	*r = (struct rekey_report){ .keys = 0 };
	if ((e = file_lock_open(cx, opt->lock, &lock)) != OK)
		return e;
	if (!file_try_lock(lock))
		e = fail(cx, E_BUSY, "another `lakegate rekey`, or a backup, "
		    "works on this lake: try again");
	if (e == OK && (e = open_now(cx, kv, opt->master, opt->lost,
	    &a)) == OK)
		e = rekey(cx, kv, opt, a, r);
	auth_close(a);
	file_close(lock);
	return e;
}
