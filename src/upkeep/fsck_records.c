/* What fsck checks in the records: I2, I5, I7, I14, I15. */
#include "upkeep/fsck_inside.h"

#include <string.h>

#include "base/buf.h"
#include "lake/keys.h"
#include "lake/names.h"
#include "upkeep/rows.h"

struct branch_check {
	struct fsck	*f;
	struct branch	 br;
	struct uid	 ruid;
	uint64_t	 seq;
	int64_t		 time;
	struct oid	 new;
	size_t		 rows;
};

static enum err
fsck_row_area(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct branch_check	*b = arg;
	uint64_t		 area;

	(void)cx;
	(void)value;
	key = str_from(key, 1 + sizeof(struct uid));
	if (take_be64(&key, &area) && area > b->br.open)
		fsck_found(b->f, "I2", "branch \"%.*s\": a row in area %llu, "
		    "open is %llu", STRF(b->br.name),
		    (unsigned long long)area, (unsigned long long)b->br.open);
	return OK;
}

static enum err
fsck_row_head(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct branch_check	*b = arg;
	struct headmove		 mv;
	uint64_t		 seq;

	key = str_from(key, key.n - 8);
	if (!take_be64(&key, &seq) || headmove_parse(cx, value, &mv) != OK) {
		fsck_found(b->f, "I7", "head log of \"%.*s\": a row cannot be "
		    "read", STRF(b->br.name));
		cx_forget(cx);
		return OK;
	}
	if (b->rows > 0 && (seq != b->seq + 1 || mv.time < b->time))
		fsck_found(b->f, "I7", "head log of \"%.*s\": row %llu is out "
		    "of order", STRF(b->br.name), (unsigned long long)seq);
	b->rows++;
	b->seq = seq;
	b->time = mv.time;
	b->new = mv.new;
	return OK;
}

static enum err
fsck_check_names(struct cx *cx, struct branch_check *b)
{
	struct str	v;
	struct oid	id;
	enum err	e;
	bool		there;

	if ((e = kv_get(cx, b->f->eng->kv, key_tag(cx, &b->ruid, b->br.name),
	    &v, &there)) != OK)
		return e;
	if (there)
		fsck_found(b->f, "I14", "\"%.*s\" is a branch and a tag",
		    STRF(b->br.name));
	if (!name_is_commit_id(b->br.name) || !oid_parse(b->br.name, &id))
		return OK;
	if ((e = kv_get(cx, b->f->eng->kv, key_commit(cx, &b->ruid,
	    oid_str(&id)), &v, &there)) != OK)
		return e;
	if (there)
		fsck_found(b->f, "I14", "\"%.*s\" is a branch and a commit id",
		    STRF(b->br.name));
	return OK;
}

static enum err
fsck_check_branch(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct branch_check	 b = { .f = arg };
	const struct branch_cut	*cut = &b.br.cut;
	enum err		 e;

	if (branch_parse(cx, value, &b.br) != OK) {
		fsck_found(arg, "I8", "a branch record cannot be read");
		cx_forget(cx);
		return OK;
	}
	memcpy(b.ruid.b, key.p + 1, sizeof b.ruid);
	b.br.name = str_from(key, 1 + sizeof b.ruid);
	if (b.br.low < 1 || b.br.low > b.br.open)
		fsck_found(arg, "I2", "branch \"%.*s\": low %llu, open %llu",
		    STRF(b.br.name), (unsigned long long)b.br.low,
		    (unsigned long long)b.br.open);
	if (cut->live && (cut->upto >= b.br.open ||
	    cut->known != (b.br.low > cut->upto)))
		fsck_found(arg, "I5", "branch \"%.*s\": its cut does not fit",
		    STRF(b.br.name));
	if ((e = rows_each(cx, b.f->eng->kv, key_rows(cx, &b.br.uid), true,
	    fsck_row_area, &b)) != OK ||
	    (e = rows_each(cx, b.f->eng->kv, key_heads(cx, &b.ruid, b.br.name),
	    false, fsck_row_head, &b)) != OK)
		return e;
	if (b.rows == 0 || !oid_is(&b.new, &b.br.head))
		fsck_found(arg, "I7", "branch \"%.*s\": the head log does not "
		    "end at the head", STRF(b.br.name));
	return fsck_check_names(cx, &b);
}

struct uid_search {
	struct uid	uid;
	bool		found;
};

static enum err
fsck_same_uid(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct uid_search	*s = arg;
	struct branch		 br;

	(void)key;
	if (branch_parse(cx, value, &br) == OK && uid_is(&br.uid, &s->uid))
		s->found = true;
	return OK;
}

static enum err
fsck_check_upload(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct fsck		*f = arg;
	struct uid_search	 s = { .found = false };
	enum err		 e;
	bool			 there;

	memcpy(s.uid.b, key.p + 1, sizeof s.uid);
	if ((e = rows_each(cx, f->eng->kv, key_letter(cx, 'B'), false,
	    fsck_same_uid, &s)) != OK ||
	    (e = kv_get(cx, f->eng->kv, key_reap(cx, 'B', &s.uid), &value,
	    &there)) != OK)
		return e;
	if (!s.found && !there)
		fsck_found(f, "I15", "an upload belongs to no branch");
	return OK;
}

enum err
fsck_records(struct cx *cx, struct fsck *f)
{
	enum err	e;

	if ((e = rows_each(cx, f->eng->kv, key_letter(cx, 'B'), false,
	    fsck_check_branch, f)) != OK)
		return e;
	return rows_each(cx, f->eng->kv, key_letter(cx, 'U'), true,
	    fsck_check_upload, f);
}
