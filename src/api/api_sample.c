/*
 * The sample data of a new repository: files of a folder that this program is
 * installed with, read when somebody asks for them.  Its file "contents" has a
 * line for each: the type, a blank, the path.
 */
#include "api/api_call.h"

#include "base/fault.h"
#include "base/fileio.h"
#include "base/spool.h"
#include "base/vec.h"
#include "lake/target.h"

enum { CONTENTS_MAX = 64 * 1024, SAMPLE_MAX = 16 << 20 };

struct samples {
	size_t	n;
	struct sample {
		struct target	 at;
		struct str	 type;
		struct body	*body;
	} *at;
};

static const char *
sample_file(struct cx *cx, const struct api_call *c, struct str name)
{
	return str_printf(cx->mem, "%.*s/%.*s", STRF(c->opt->sample_data),
	    STRF(name)).p;
}

static enum err
sample_read(struct cx *cx, struct api_call *c, struct sample *s)
{
	struct source	src;
	enum err	e;
	int		fd;

	if ((e = file_open(cx, sample_file(cx, c, s->at.path), &fd)) != OK)
		return e;
	src = spool_source(cx, fd);
	return body_take(cx, c->eng, &src, SAMPLE_MAX, NULL, NULL, &s->body);
}

enum err
api_samples_take(struct cx *cx, struct api_call *c, const struct repo *r,
    struct samples **out)
{
	const char		*path = sample_file(cx, c, STR("contents"));
	VEC(struct sample)	 all = { 0 };
	struct str		 contents, line, type;
	struct sample		*s;
	enum err		 e;

	if (!file_is_plain(path) && !fault_skip("SAMPLE_ABSENT"))
		return fail(cx, E_NOT_IMPLEMENTED, "sample_data: this server "
		    "has none; its setting sample_data names the folder");
	if ((e = file_read_all(cx, path, CONTENTS_MAX, &contents)) != OK)
		return e;
	while (str_split(&contents, '\n', &line)) {
		if (!str_split(&line, ' ', &type) || line.p == NULL)
			continue;
		s = VEC_PUSH(cx->mem, &all);
		s->type = type;
		if ((e = target_object(cx, r->name, r->default_branch, line,
		    &s->at)) != OK || (e = sample_read(cx, c, s)) != OK)
			return e;
	}
	*out = arena_get(cx->mem, sizeof **out);
	**out = (struct samples){ all.n, all.at };
	return OK;
}

enum err
api_samples_put(struct cx *cx, struct api_call *c, const struct repo *r,
    const struct samples *all)
{
	const struct cond		 none = { .mtime = 0 };
	const struct commit_opts	 opt = { .committer = c->who.user,
	    .message = STR("Add sample data"), .force = true };
	struct commit			 commit;
	const struct sample		*s;
	struct entry			 en;
	enum err			 e;

	for (s = all->at; s < all->at + all->n; s++) {
		en = (struct entry){ .content_type = s->type,
		    .etag = body_etag(cx, s->body) };
		if ((e = object_put(cx, c->eng, &s->at, s->body, &en, &none,
		    true)) != OK)
			return e;
	}
	return commit_create(cx, c->eng, r->name, r->default_branch,
	    &opt, &commit);
}
