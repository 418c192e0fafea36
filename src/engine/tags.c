/* Tags. */
#include "engine/engine.h"

#include "base/fault.h"
#include "engine/disk.h"
#include "engine/engine_inside.h"
#include "engine/records.h"
#include "engine/refs.h"
#include "lake/keys.h"
#include "lake/names.h"
#include "tree/claim.h"

struct tag_create {
	struct str	 repo, name, source;
	bool		 force;
	struct oid	*commit;	/* out */
};

static enum err
tag_create_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct tag_create	*a = arg;
	struct gc_state		 gs;
	struct commit		 c;
	struct repo		 r;
	enum err		 e;

	if ((e = repo_find(cx, tx, a->repo, &r)) != OK ||
	    (e = repo_writable(cx, &r, a->force)) != OK ||
	    (e = ref_check_free(cx, tx, &r.ruid, a->name)) != OK ||
	    (e = gc_state_find(cx, tx, &gs)) != OK ||
	    (e = ref_find(cx, tx, &r, a->source, &c)) != OK ||
	    (!fault_skip("TAG_NOTE") &&
	    (e = claim_commit(cx, tx, &gs, &r.ruid, &c.id)) != OK))
		return e;
	*a->commit = c.id;
	return kv_put_bytes(cx, tx, key_tag(cx, &r.ruid, a->name),
	    oid_str(&c.id));
}

enum err
tag_create(struct cx *cx, struct engine *eng, struct str repo,
    struct str name, struct str source, bool force, struct oid *commit)
{
	struct tag_create	a = { .repo = repo, .name = name,
	    .source = source, .force = force, .commit = commit };
	enum err		e;

	if ((e = name_check_tag(cx, name)) != OK ||
	    (e = disk_check_record(cx, eng)) != OK)
		return e;
	return kv_write(cx, eng->kv, tag_create_fn, &a);
}

static enum err
tag_need(struct cx *cx, struct kv_tx *tx, struct str repo, struct str name,
    struct repo *r, struct oid *out)
{
	enum err	e;
	bool		there;

	if ((e = repo_find(cx, tx, repo, r)) != OK ||
	    (e = tag_find(cx, tx, &r->ruid, name, out, &there)) != OK)
		return e;
	return there ? OK : fail(cx, E_NO_SUCH_TAG, "tag \"%.*s\" not found",
	    STRF(name));
}

struct tag_get {
	struct str	 repo, name;
	struct oid	*commit;	/* out */
};

static enum err
tag_get_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct tag_get	*a = arg;
	struct repo	 r;

	return tag_need(cx, tx, a->repo, a->name, &r, a->commit);
}

enum err
tag_get(struct cx *cx, struct engine *eng, struct str repo, struct str name,
    struct oid *commit)
{
	struct tag_get	a = { repo, name, commit };

	return kv_read(cx, eng->kv, tag_get_fn, &a);
}

struct tag_delete {
	struct str	repo, name;
	bool		force;
};

static enum err
tag_delete_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct tag_delete	*a = arg;
	struct repo		 r;
	struct oid		 id;
	enum err		 e;

	if ((e = tag_need(cx, tx, a->repo, a->name, &r, &id)) != OK ||
	    (e = repo_writable(cx, &r, a->force)) != OK)
		return e;
	return kv_delete(cx, tx, key_tag(cx, &r.ruid, a->name));
}

enum err
tag_delete(struct cx *cx, struct engine *eng, struct str repo,
    struct str name, bool force)
{
	struct tag_delete	a = { repo, name, force };

	return kv_write(cx, eng->kv, tag_delete_fn, &a);
}
