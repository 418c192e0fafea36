/* The lifecycle rules of repositories, by the branches that uploads are on. */
#include "upkeep/upload_age.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/stream.h"
#include "base/vec.h"
#include "base/xml.h"
#include "engine/engine_inside.h"
#include "lake/keys.h"
#include "lake/lifecycle.h"
#include "lake/record.h"
#include "upkeep/rows.h"

struct ruled {			/* a branch whose repository has rules */
	struct uid		 uid;
	struct str		 name;
	const struct lifecycle	*rules;
};

struct upload_ages {
	struct engine		*eng;
	struct arena		*mem;
	const struct lifecycle	*rules;	/* of the repository at hand */
	VEC(struct ruled)	 all;
};

static enum err
upload_age_branch(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct upload_ages	*a = arg;
	struct branch		 br;
	struct ruled		*r;

	if (branch_parse(cx, value, &br) != OK) {
		cx_forget(cx);		/* fsck tells */
		return OK;
	}
	r = VEC_PUSH(a->mem, &a->all);
	r->uid = br.uid;
	r->name = str_dup(a->mem, str_from(key, 1 + sizeof(struct uid)));
	r->rules = a->rules;
	return OK;
}

static enum err
upload_age_repo(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct upload_ages	*a = arg;
	struct lifecycle	*rules = arena_get(a->mem, sizeof *rules);
	struct cx		 kept = cx_aside(cx);
	struct source		 text;
	struct repo		 r;
	struct xml		*x;
	enum err		 e;

	(void)key;
	if (repo_parse(cx, value, &r) != OK) {
		cx_forget(cx);
		return OK;
	}
	if (repo_setting(&r, SETTING_LIFECYCLE).n == 0)
		return OK;
	kept.mem = a->mem;
	text = source_of_str(&kept, str_dup(a->mem, repo_setting(&r,
	    SETTING_LIFECYCLE)));
	if ((e = xml_open(&kept, &text, "LifecycleConfiguration", &x)) != OK ||
	    (e = lifecycle_read(&kept, x, rules)) != OK)
		return cx_pass(cx, &kept);
	a->rules = rules;
	return rows_each(cx, a->eng->kv, key_branch(cx, &r.ruid, STR("")),
	    false, upload_age_branch, a);
}

static int
ruled_cmp(const void *a, const void *b)
{
	const struct ruled	*x = a, *y = b;

	return memcmp(&x->uid, &y->uid, sizeof x->uid);
}

enum err
upload_ages_load(struct cx *cx, struct engine *eng, struct arena *mem,
    struct upload_ages **out)
{
	struct upload_ages	*a = arena_get(mem, sizeof *a);
	enum err		 e;

	a->eng = eng;
	a->mem = mem;
	if ((e = rows_each(cx, eng->kv, key_letter(cx, 'R'), false,
	    upload_age_repo, a)) != OK)
		return e;
	if (a->all.n > 0)
		qsort(a->all.at, a->all.n, sizeof *a->all.at, ruled_cmp);
	*out = a;
	return OK;
}

int64_t
upload_age(const struct upload_ages *a, const struct upload *u,
    int64_t otherwise)
{
	const struct ruled	 k = { .uid = u->uid }, *r;
	int64_t			 ms;

	r = a->all.n == 0 ? NULL : bsearch(&k, a->all.at, a->all.n,
	    sizeof *a->all.at, ruled_cmp);
	return r != NULL && lifecycle_age(r->rules, r->name, u->path, &ms) ?
	    ms : otherwise;
}
