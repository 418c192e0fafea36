/* Repositories, branches, tags and commits as they are kept. */
#include "engine/records.h"

#include "base/buf.h"
#include "base/cx.h"
#include "base/fault.h"
#include "base/limit.h"
#include "kv/kv.h"
#include "lake/keys.h"
#include "lake/names.h"
#include "tree/claim.h"

enum { RECORD_MAX = 1 << 20 };		/* bytes */

enum err
repo_find(struct cx *cx, struct kv_tx *tx, struct str name, struct repo *out)
{
	struct str	v;
	enum err	e;
	bool		there;

	if ((e = name_check_repo(cx, name)) != OK ||
	    (e = kv_find(cx, tx, key_repo(cx, name), &v, &there)) != OK)
		return e;
	if (!there)
		return fail(cx, E_NO_SUCH_REPO, "repository not found: "
		    "\"%.*s\"", STRF(name));
	if ((e = repo_parse(cx, v, out)) != OK)
		return e;
	out->name = name;
	return OK;
}

enum err
repo_put(struct cx *cx, struct kv_tx *tx, const struct repo *r)
{
	struct buf	b;

	buf_init(&b, cx->mem, RECORD_MAX);
	repo_format(&b, r);
	if (!buf_ok(&b))
		return fail(cx, E_TOO_LARGE, "the repository's metadata is "
		    "over 1 MiB");
	return kv_put(cx, tx, key_repo(cx, r->name), &b);
}

enum err
repo_writable(struct cx *cx, const struct repo *r, bool force)
{
	if (r->read_only && !force)
		return fail(cx, E_READ_ONLY_REPO, "repository \"%.*s\" is "
		    "read-only", STRF(r->name));
	return OK;
}

enum err
branch_find(struct cx *cx, struct kv_tx *tx, const struct uid *ruid,
    struct str name, struct branch *out, bool *there)
{
	struct str	v;
	enum err	e;

	*there = false;
	if (name.n == 0 || name.n > LIMIT_NAME)
		return OK;
	if ((e = kv_find(cx, tx, key_branch(cx, ruid, name), &v,
	    there)) != OK || !*there)
		return e;
	if ((e = branch_parse(cx, v, out)) != OK)
		return e;
	out->name = name;
	return OK;
}

enum err
branch_put(struct cx *cx, struct kv_tx *tx, const struct uid *ruid,
    const struct branch *br)
{
	struct buf	b;

	buf_init(&b, cx->mem, RECORD_MAX);
	branch_format(&b, br);
	return kv_put(cx, tx, key_branch(cx, ruid, br->name), &b);
}

enum err
tag_find(struct cx *cx, struct kv_tx *tx, const struct uid *ruid,
    struct str name, struct oid *out, bool *there)
{
	struct str	v;
	enum err	e;

	*there = false;
	if (name.n == 0 || name.n > LIMIT_NAME)
		return OK;
	if ((e = kv_find(cx, tx, key_tag(cx, ruid, name), &v, there)) != OK ||
	    !*there)
		return e;
	return take_bytes(&v, sizeof *out, out->b) ? OK :
	    fail(cx, E_CORRUPT, "tag record cannot be read");
}

static enum err
commit_is_doomed(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs,
    const struct uid *ruid, const struct oid *id, bool *doomed)
{
	struct str	v;
	uint64_t	epoch;
	enum err	e;

	if ((e = kv_find(cx, tx, key_doom(cx, ruid, id), &v, doomed)) != OK)
		return e;
	*doomed = *doomed && take_be64(&v, &epoch) && epoch <= gs->floor &&
	    !fault_skip("N_DOOM");
	return OK;
}

enum err
commit_find(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs,
    const struct uid *ruid, const struct oid *id, struct commit *out,
    bool *there)
{
	struct str	v;
	enum err	e;
	bool		doomed;

	if ((e = kv_find(cx, tx, key_commit(cx, ruid, oid_str(id)), &v,
	    there)) != OK || !*there)
		return e;
	if ((e = commit_is_doomed(cx, tx, gs, ruid, id, &doomed)) != OK)
		return e;
	*there = !doomed;
	if (doomed || (e = commit_parse(cx, v, out)) != OK)
		return e;
	if (!oid_is(&out->id, id))
		return fail(cx, E_CORRUPT, "commit %s does not have the hash "
		    "that names it", oid_hex(id).z);
	return OK;
}

enum err
commit_need(struct cx *cx, struct kv_tx *tx, const struct uid *ruid,
    const struct oid *id, struct commit *out)
{
	struct gc_state	gs;
	enum err	e;
	bool		there;

	if ((e = gc_state_find(cx, tx, &gs)) != OK ||
	    (e = commit_find(cx, tx, &gs, ruid, id, out, &there)) != OK)
		return e;
	return there ? OK : fail(cx, E_NO_SUCH_REF, "commit %s not found",
	    oid_hex(id).z);
}

enum err
commit_put(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs,
    const struct uid *ruid, struct commit *c)
{
	struct buf	b;
	enum err	e;

	buf_init(&b, cx->mem, RECORD_MAX);
	commit_format(&b, c);
	if (!buf_ok(&b))
		return fail(cx, E_TOO_LARGE, "a commit's message and metadata "
		    "may have 1 MiB");
	if ((e = kv_put(cx, tx, key_commit(cx, ruid, oid_str(&c->id)),
	    &b)) != OK ||
	    (e = kv_delete(cx, tx, key_doom(cx, ruid, &c->id))) != OK ||
	    (!fault_skip("COMMIT_NOTE") &&
	    (e = claim_commit(cx, tx, gs, ruid, &c->id)) != OK))
		return e;
	return claim_tree(cx, tx, gs, &c->tree);
}

struct commit_load {
	const struct uid	*ruid;
	struct oid		 id;
	struct commit		*out;
};

static enum err
commit_load_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct commit_load	*l = arg;

	return commit_need(cx, tx, l->ruid, &l->id, l->out);
}

enum err
commit_load(struct cx *cx, struct kv *kv, const struct uid *ruid,
    const struct oid *id, struct commit *out)
{
	struct commit_load	l = { ruid, *id, out };

	return kv_read(cx, kv, commit_load_fn, &l);
}

enum err
entry_bytes(struct cx *cx, const struct entry *en, struct str *out)
{
	struct buf	b;

	buf_init(&b, cx->mem, LIMIT_ENTRY);
	entry_format(&b, en);
	*out = buf_as_str(&b);
	if (!fault_skip("ENTRY_WHOLE") && !buf_ok(&b))
		return fail(cx, E_METADATA_TOO_LARGE, "the metadata, headers "
		    "and tags of an object may have %d bytes in all",
		    LIMIT_ENTRY);
	return OK;
}

enum err
entry_find_extents(struct cx *cx, struct kv_tx *tx, struct str path,
    struct entry *en)
{
	struct str	m;
	enum err	e;
	bool		there;

	if (!en->has_manifest)
		return OK;
	if ((e = kv_find(cx, tx, key_manifest(cx, &en->manifest), &m,
	    &there)) != OK)
		return e;
	return there ? entry_manifest_parse(cx, m, en) :
	    fail(cx, E_CORRUPT, "the manifest of \"%.*s\" is missing",
	    STRF(path));
}
