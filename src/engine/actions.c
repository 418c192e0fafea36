/* Action files: what asks for hooks, which are not there yet. */
#include "engine/actions.h"

#include "base/fault.h"
#include "lake/entry.h"

static const struct str	folder = STR_INIT("_lakefs_actions/");

static bool
is_action_file(struct str path)
{
	return str_starts(path, folder) && (str_ends(path, STR(".yaml")) ||
	    str_ends(path, STR(".yml")));
}

enum err
actions_check(struct cx *cx, struct engine *eng, const struct oid *parent,
    const struct oid *tree)
{
	struct tree_change	ch;
	struct tree_diff	d;
	enum err		e;
	bool			there, same;

	e = tree_diff_open(cx, &eng->trees, NULL, parent, tree, folder, &d);
	while (e == OK && (e = tree_diff_next(cx, &d, &ch, &there)) == OK &&
	    there && str_starts(ch.key, folder)) {
		if (ch.b.p == NULL || !is_action_file(ch.key) ||
		    (e = entry_bytes_same(cx, ch.a, ch.b, &same)) != OK ||
		    same || fault_skip("ACTIONS"))
			continue;
		e = fail(cx, E_NOT_IMPLEMENTED, "\"%.*s\" is an action file, "
		    "and hooks are not implemented: what it asks for would "
		    "not run, so it cannot be committed. Remove it, or put it "
		    "into another folder", STRF(ch.key));
	}
	tree_diff_close(&d);
	return e;
}
