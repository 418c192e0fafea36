/*
 * What fsck checks in storage namespaces: I21.  What belongs together is read
 * in one snapshot, as a writer changes it in one transaction.
 */
#include "upkeep/fsck_inside.h"

#include "engine/namespace.h"
#include "engine/records.h"
#include "lake/keys.h"
#include "upkeep/rows.h"

/* A repository and the record of its namespace, found by either key. */
struct namespace_look {
	struct str		key;	/* of what was found first */
	bool			there, readable, whole;
};

static enum err
fsck_namespace_of(struct cx *cx, struct kv_tx *tx, struct str ns,
    const struct uid *ruid, struct str repo, bool *is)
{
	struct namespace	of;
	enum err		e;

	if (ns.n > LIMIT_NAMESPACE)
		*is = true;
	else if ((e = namespace_find(cx, tx, ns, &of, is)) == OK)
		*is = *is && uid_is(&of.ruid, ruid) && str_is(of.repo, repo);
	else if (e == E_CORRUPT) {
		*is = false;
		cx_forget(cx);
	} else
		return e;
	return OK;
}

static enum err
fsck_repo_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct namespace_look	*l = arg;
	struct repo		 r;
	struct str		 v;
	enum err		 e;

	if ((e = kv_find(cx, tx, l->key, &v, &l->there)) != OK || !l->there)
		return e;
	l->readable = repo_parse(cx, v, &r) == OK;
	if (!l->readable) {
		cx_forget(cx);
		return OK;
	}
	return fsck_namespace_of(cx, tx, r.storage_namespace, &r.ruid,
	    str_from(l->key, 1), &l->whole);
}

static enum err
fsck_repo(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct namespace_look	l = { .key = key };
	struct fsck		*f = arg;
	enum err		 e;

	(void)value;
	if ((e = kv_read(cx, f->eng->kv, fsck_repo_fn, &l)) != OK || !l.there)
		return e;
	if (!l.readable)
		fsck_found(f, "I8", "the record of repository \"%.*s\" cannot "
		    "be read", STRF(str_from(key, 1)));
	else if (!l.whole)
		fsck_found(f, "I21", "repository \"%.*s\" does not have its "
		    "storage namespace", STRF(str_from(key, 1)));
	return OK;
}

static enum err
fsck_namespace_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct namespace_look	*l = arg;
	struct namespace	 of;
	struct repo		 r;
	enum err		 e;

	l->whole = false;
	if ((e = namespace_find(cx, tx, str_from(l->key, 1), &of,
	    &l->there)) == OK && l->there &&
	    (e = repo_find(cx, tx, of.repo, &r)) == OK)
		l->whole = uid_is(&of.ruid, &r.ruid) &&
		    str_is(r.storage_namespace, str_from(l->key, 1));
	if (e != E_CORRUPT && e != E_NO_SUCH_REPO && e != E_BAD_NAME)
		return e;
	cx_forget(cx);
	return OK;
}

static enum err
fsck_namespace(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct namespace_look	l = { .key = key };
	struct fsck		*f = arg;
	enum err		 e;

	(void)value;
	if ((e = kv_read(cx, f->eng->kv, fsck_namespace_fn, &l)) == OK &&
	    l.there && !l.whole)
		fsck_found(f, "I21", "no repository has the storage namespace "
		    "\"%.*s\", which is taken", STRF(str_from(key, 1)));
	return e;
}

enum err
fsck_namespaces(struct cx *cx, struct fsck *f)
{
	enum err	e;

	e = rows_each(cx, f->eng->kv, key_letter(cx, 'R'), true, fsck_repo, f);
	return e != OK ? e : rows_each(cx, f->eng->kv, key_letter(cx, 'S'),
	    true, fsck_namespace, f);
}
