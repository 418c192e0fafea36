/* The gate for what requests name. */
#include "lake/target.h"

#include "base/cx.h"
#include "base/fault.h"
#include "base/limit.h"
#include "lake/names.h"

static enum err
target_check(struct cx *cx, const char *what, struct str s, size_t most)
{
	if (!fault_skip("GATE_LONG") && s.n > most)
		return fail(cx, E_KEY_TOO_LONG, "the %s has %zu bytes, and "
		    "%zu are allowed", what, s.n, most);
	if (!fault_skip("GATE_UTF8") && !str_is_utf8(s))
		return fail(cx, E_BAD_PATH, "the %s is not UTF-8", what);
	return OK;
}

enum err
target_ref(struct cx *cx, struct str ref)
{
	return target_check(cx, "ref", ref, LIMIT_REF);
}

enum err
target_path(struct cx *cx, struct str path)
{
	return target_check(cx, "path", path, LIMIT_PATH);
}

enum err
target_make(struct cx *cx, struct str repo, struct str ref, struct str path,
    struct target *out)
{
	enum err	e;

	*out = (struct target){ .repo = repo, .ref = ref, .path = path };
	if ((e = name_check_repo(cx, repo)) != OK ||
	    (e = target_ref(cx, ref)) != OK)
		return e;
	return target_path(cx, path);
}

enum err
target_object(struct cx *cx, struct str repo, struct str ref,
    struct str path, struct target *out)
{
	enum err	e;

	if ((e = target_make(cx, repo, ref, path, out)) != OK)
		return e;
	return path.n > 0 ? OK : fail(cx, E_BAD_PATH, "the path is empty");
}

enum err
target_list(struct cx *cx, const struct list_query *q)
{
	enum err	e;

	if ((e = target_check(cx, "prefix", q->prefix, LIMIT_PATH)) != OK ||
	    (e = target_check(cx, "delimiter", q->delimiter, LIMIT_PATH)) != OK)
		return e;
	return target_check(cx, "marker", q->after, LIMIT_PATH);
}
