/*
 * The sample data of a new repository: files of a folder that this program is
 * installed with, read when somebody asks for them.  Its file "contents" has a
 * line for each: the type, a blank, the path.
 */
#include "api/api_call.h"

#include "base/fault.h"
#include "base/fileio.h"
#include "base/spool.h"
#include "lake/target.h"

enum { CONTENTS_MAX = 64 * 1024, SAMPLE_MAX = 16 << 20 };

static const char *
sample_file(struct cx *cx, const struct api_call *c, struct str name)
{
	return str_printf(cx->mem, "%.*s/%.*s", STRF(c->opt->sample_data),
	    STRF(name)).p;
}

enum err
api_sample_find(struct cx *cx, struct api_call *c, struct str *contents)
{
	const char	*path = sample_file(cx, c, STR("contents"));

	if (!file_is_plain(path) && !fault_skip("SAMPLE_ABSENT"))
		return fail(cx, E_NOT_IMPLEMENTED, "sample_data: this server "
		    "has none; its setting sample_data names the folder");
	return file_read_all(cx, path, CONTENTS_MAX, contents);
}

static enum err
put_sample(struct cx *cx, struct api_call *c, const struct target *at,
    struct str type)
{
	const struct cond	none = { .mtime = 0 };
	struct entry		en = { .content_type = type };
	struct source		src;
	struct body		*body;
	enum err		e;
	int			fd;

	if ((e = file_open(cx, sample_file(cx, c, at->path), &fd)) != OK)
		return e;
	src = spool_source(cx, fd);
	if ((e = body_take(cx, c->eng, &src, SAMPLE_MAX, NULL, NULL,
	    &body)) != OK)
		return e;
	en.etag = body_etag(cx, body);
	return object_put(cx, c->eng, at, body, &en, &none, true);
}

enum err
api_sample_put(struct cx *cx, struct api_call *c, const struct repo *r,
    struct str contents)
{
	const struct commit_opts	opt = { .committer = c->who.user,
	    .message = STR("Add sample data"), .force = true };
	struct commit			commit;
	struct target			at;
	struct str			line, type;
	enum err			e;

	while (str_split(&contents, '\n', &line)) {
		if (!str_split(&line, ' ', &type) || line.p == NULL)
			continue;
		if ((e = target_object(cx, r->name, r->default_branch, line,
		    &at)) != OK ||
		    (e = put_sample(cx, c, &at, type)) != OK)
			return e;
	}
	return commit_create(cx, c->eng, r->name, r->default_branch,
	    &opt, &commit);
}
