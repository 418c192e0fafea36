/* Which names repositories, branches and tags may get.  Pure. */
#ifndef LAKE_NAMES_H
#define LAKE_NAMES_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

struct cx;

/* E_BAD_NAME with words that state the rule; names that the REST API needs for
 * itself are refused too. */
enum err	name_check_repo(struct cx *cx, struct str name);
/* E_BAD_NAME with words that state the rule. */
enum err	name_check_branch(struct cx *cx, struct str name);
/* E_BAD_NAME with words that state the rule. */
enum err	name_check_tag(struct cx *cx, struct str name);

/* Does it look like a full commit id: 64 lower-case hex digits? */
bool		name_is_commit_id(struct str name);

#endif
