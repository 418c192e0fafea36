/*
 * What fsck checks in the records: I2, I5, I7, I14, I15.  What belongs together
 * is read in one snapshot, as a writer changes it in one transaction.
 */
#include "upkeep/fsck_inside.h"

#include <string.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/fault.h"
#include "lake/keys.h"
#include "lake/names.h"
#include "upkeep/orphans.h"
#include "upkeep/rows.h"

struct branch_check {
	struct fsck	*f;
	struct uid	 ruid;
	struct str	 name, key;
	/* of the snapshot */
	struct branch	 br;
	bool		 there, readable;
	bool		 late_row;	/* in an area over open */
	bool		 head_logged;
	bool		 is_tag, is_commit;
};

/* ---- one branch, in one snapshot --------------------------------------- */

static enum err
fsck_branch_head(struct cx *cx, struct kv_tx *tx, struct branch_check *b)
{
	struct keys_range	in = key_range(cx, key_heads(cx, &b->ruid,
	    b->name));
	struct headmove		mv;
	struct str		k, v;
	enum err		e;
	bool			there;

	if ((e = kv_last(cx, tx, in.lo, in.hi, &k, &v, &there)) != OK)
		return e;
	b->head_logged = there && headmove_parse(cx, v, &mv) == OK &&
	    oid_is(&mv.new, &b->br.head);
	cx_forget(cx);
	return OK;
}

static enum err
fsck_branch_rows(struct cx *cx, struct kv_tx *tx, struct branch_check *b)
{
	struct keys_range	 in = key_range(cx, key_rows(cx, &b->br.uid));
	struct kv_cursor	*cur;
	struct str		 k, v;
	enum err		 e;

	if (b->br.open == UINT64_MAX)
		return OK;
	in.lo = key_area(cx, &b->br.uid, b->br.open + 1);
	if ((e = kv_scan_keys(cx, tx, in.lo, in.hi, &cur)) == OK &&
	    (e = kv_next(cx, tx, cur, &k, &v, &b->late_row)) == OK)
		kv_cursor_close(tx, cur);
	return e;
}

static enum err
fsck_branch_names(struct cx *cx, struct kv_tx *tx, struct branch_check *b)
{
	struct str	v;
	struct oid	id;
	enum err	e;

	b->is_commit = false;
	if ((e = kv_find(cx, tx, key_tag(cx, &b->ruid, b->name), &v,
	    &b->is_tag)) != OK || !name_is_commit_id(b->name) ||
	    !oid_parse(b->name, &id))
		return e;
	return kv_find(cx, tx, key_commit(cx, &b->ruid, oid_str(&id)), &v,
	    &b->is_commit);
}

static enum err
fsck_branch_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct branch_check	*b = arg;
	struct str		 v;
	enum err		 e;

	if ((e = kv_find(cx, tx, b->key, &v, &b->there)) != OK || !b->there)
		return e;
	b->readable = branch_parse(cx, v, &b->br) == OK;
	if (!b->readable) {
		cx_forget(cx);
		return OK;
	}
	if ((e = fsck_branch_head(cx, tx, b)) != OK ||
	    (e = fsck_branch_rows(cx, tx, b)) != OK)
		return e;
	return fsck_branch_names(cx, tx, b);
}

static void
fsck_branch_tell(const struct branch_check *b)
{
	const struct branch	*br = &b->br;
	const struct branch_cut	*cut = &br->cut;

	if (br->low < 1 || br->low > br->open)
		fsck_found(b->f, "I2", "branch \"%.*s\": low %llu, open %llu",
		    STRF(b->name), (unsigned long long)br->low,
		    (unsigned long long)br->open);
	if (b->late_row)
		fsck_found(b->f, "I2", "branch \"%.*s\": a row in an area "
		    "over %llu, which is open", STRF(b->name),
		    (unsigned long long)br->open);
	if (cut->live && (cut->upto >= br->open ||
	    cut->known != (br->low > cut->upto)))
		fsck_found(b->f, "I5", "branch \"%.*s\": its cut does not fit",
		    STRF(b->name));
	if (!b->head_logged)
		fsck_found(b->f, "I7", "branch \"%.*s\": the head log does not "
		    "end at the head", STRF(b->name));
	if (b->is_tag)
		fsck_found(b->f, "I14", "\"%.*s\" is a branch and a tag",
		    STRF(b->name));
	if (b->is_commit)
		fsck_found(b->f, "I14", "\"%.*s\" is a branch and a commit id",
		    STRF(b->name));
}

static enum err
fsck_branch(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct branch_check	b = { .f = arg, .key = key };
	enum err		e;

	(void)value;
	if (key.n <= 1 + sizeof b.ruid) {
		fsck_found(arg, "I8", "a branch has a key of %zu bytes",
		    key.n);
		return OK;
	}
	memcpy(b.ruid.b, key.p + 1, sizeof b.ruid);
	b.name = str_from(key, 1 + sizeof b.ruid);
	if ((e = kv_read(cx, b.f->eng->kv, fsck_branch_fn, &b)) != OK ||
	    !b.there)
		return e;
	if (b.readable)
		fsck_branch_tell(&b);
	else
		fsck_found(arg, "I8", "the record of branch \"%.*s\" cannot be "
		    "read", STRF(b.name));
	return OK;
}

/* ---- head log ---------------------------------------------------------- */

/* What comes before a row, in one snapshot: rows go from the front. */
struct head_look {
	struct str	log, key;	/* the branch's rows, and this one */
	bool		there, ordered;
};

static enum err
fsck_head_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct head_look	*l = arg;
	struct headmove		 mv, last;
	struct str		 k, v, now;
	uint64_t		 seq, before;
	enum err		 e;
	bool			 there;

	l->ordered = true;
	if ((e = kv_find(cx, tx, l->key, &now, &l->there)) != OK ||
	    !l->there ||
	    (e = kv_last(cx, tx, l->log, l->key, &k, &v, &there)) != OK ||
	    !there)
		return e;
	k = str_from(k, l->log.n);
	now = str_dup(cx->mem, now);
	if (headmove_parse(cx, now, &mv) != OK ||
	    headmove_parse(cx, v, &last) != OK) {
		cx_forget(cx);
		return OK;	/* that is said of the row itself */
	}
	now = str_from(l->key, l->log.n);
	l->ordered = take_be64(&k, &before) && take_be64(&now, &seq) &&
	    seq == before + 1 && mv.time >= last.time;
	return OK;
}

struct head_log {			/* the row before, of the same log */
	struct fsck	*f;
	unsigned char	 log[KEYS_LONGEST];
	size_t		 n;
	uint64_t	 seq;
	int64_t		 time;
};

static enum err
fsck_head_again(struct cx *cx, struct fsck *f, struct str key)
{
	struct head_look	l = { .log = str_to(key, key.n - 8),
	    .key = key };
	struct str		name = str_from(l.log, 1 + sizeof(struct uid));
	struct str		seq = str_from(key, key.n - 8);
	uint64_t		n = 0;
	enum err		e;

	if ((e = kv_read(cx, f->eng->kv, fsck_head_fn, &l)) != OK)
		return e;
	take_be64(&seq, &n);
	if (l.there && !l.ordered)
		fsck_found(f, "I7", "head log of \"%.*s\": row %llu is out "
		    "of order", STRF(str_to(name, name.n - 1)),
		    (unsigned long long)n);
	return OK;
}

static enum err
fsck_head(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct head_log	*h = arg;
	struct str	 log, rest;
	struct headmove	 mv;
	uint64_t	 seq = 0;
	enum err	 e = OK;
	bool		 same;

	if (key.n < 1 + sizeof(struct uid) + 2 + 8 || key.n > KEYS_LONGEST) {
		fsck_found(h->f, "I8", "a head log has a key of %zu bytes",
		    key.n);
		return OK;
	}
	log = str_to(key, key.n - 8);
	rest = str_from(key, log.n);
	if (headmove_parse(cx, value, &mv) != OK) {
		cx_forget(cx);
		return OK;	/* the walk says so */
	}
	take_be64(&rest, &seq);
	same = str_is(log, (struct str){ (char *)h->log, h->n });
	if (same && (seq != h->seq + 1 || mv.time < h->time))
		e = fsck_head_again(cx, h->f, key);
	/* No head log has a longer name, but for damage. */
	h->n = log.n <= sizeof h->log ? log.n : 0;
	memcpy(h->log, log.p, h->n);
	h->seq = seq;
	h->time = mv.time;
	return e;
}

/* ---- whose uploads and parts are --------------------------------------- */

struct owner_look {
	struct str	first, last;	/* of the children's keys */
	struct str	note;		/* the reaper's */
	bool		has_child, noted;
};

static enum err
fsck_owner_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct owner_look	*l = arg;
	struct str		 k, v;
	enum err		 e;

	if ((e = kv_last(cx, tx, l->first, l->last, &k, &v,
	    &l->has_child)) != OK)
		return e;
	return kv_find(cx, tx, l->note, &v, &l->noted);
}

/* The owner never comes back; what it left is the reaper's, or damage. */
static enum err
fsck_orphan(struct cx *cx, struct fsck *f, struct str children,
    struct str note, const char *what)
{
	struct keys_range	in = key_range(cx, children);
	struct owner_look	l = { .first = in.lo, .last = in.hi,
	    .note = note };
	enum err		e;

	if ((e = kv_read(cx, f->eng->kv, fsck_owner_fn, &l)) != OK)
		return e;
	if (l.has_child && !l.noted)
		fsck_found(f, "I15", "%s", what);
	return OK;
}

static enum err
fsck_orphaned_upload(struct cx *cx, const struct uid *id, void *arg)
{
	return fsck_orphan(cx, arg, key_uploads(cx, id),
	    key_reap(cx, 'B', id), "an upload belongs to no branch");
}

static enum err
fsck_orphaned_part(struct cx *cx, const struct uid *id, void *arg)
{
	return fault_skip("FSCK_PARTS") ? OK : fsck_orphan(cx, arg,
	    key_parts(cx, id), key_reap(cx, 'U', id),
	    "parts belong to no upload: the next gc removes them");
}

static bool
fsck_branch_id(struct cx *cx, struct str key, struct str value,
    struct uid *out)
{
	struct branch	br;

	(void)key;
	if (branch_parse(cx, value, &br) != OK) {
		cx_forget(cx);
		return false;
	}
	*out = br.uid;
	return true;
}

static enum err
fsck_upload(struct cx *cx, struct fsck *f, struct str key, struct str value,
    const struct gc_state *gs)
{
	struct upload	u;
	enum err	e = OK;
	bool		there = true;

	(void)gs;
	if (value.p == NULL)
		e = kv_get(cx, f->eng->kv, key, &value, &there);
	if (e != OK && e != E_CORRUPT)
		return e;
	if (e == OK && (!there || (key.n > 1 + 2 * sizeof(struct uid) &&
	    upload_parse(cx, value, &u) == OK)))
		return OK;
	cx_forget(cx);
	fsck_found(f, "I8", "the record of an upload cannot be read: key %.*s",
	    STRF(enc_hex_str(cx->mem, key.p, key.n)));
	return OK;
}

enum err
fsck_records(struct cx *cx, struct fsck *f)
{
	const struct orphans	uploads = { .child = 'U', .owner = 'B',
	    .id = fsck_branch_id, .gone = fsck_orphaned_upload, .arg = f };
	const struct orphans	parts = { .child = 'P', .owner = 'U',
	    .id = orphans_upload_id, .gone = fsck_orphaned_part, .arg = f };
	struct head_log		log = { .f = f };
	enum err		e;

	if ((e = rows_each(cx, f->eng->kv, key_letter(cx, 'B'), true,
	    fsck_branch, f)) != OK ||
	    (e = rows_each(cx, f->eng->kv, key_letter(cx, 'H'), false,
	    fsck_head, &log)) != OK ||
	    (e = fsck_namespaces(cx, f)) != OK ||
	    (e = fsck_rows(cx, f, 'U', fsck_upload)) != OK ||
	    (e = orphans_each(cx, f->eng->kv, &uploads)) != OK)
		return e;
	return orphans_each(cx, f->eng->kv, &parts);
}
