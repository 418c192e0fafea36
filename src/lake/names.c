/* Legal names of repositories, branches and tags. */
#include "lake/names.h"

#include "base/cx.h"
#include "base/limit.h"

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

static bool
is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Names that the address space of the REST API needs for itself. */
static bool
is_reserved(struct str name)
{
	return str_is(name, STR("api")) || str_is(name, STR("metrics")) ||
	    str_is(name, STR("logout"));
}

enum err
name_check_repo(struct cx *cx, struct str name)
{
	size_t	i;
	bool	ok;

	ok = name.n >= 3 && name.n <= 63 && is_lower_alnum(name.p[0]);
	for (i = 0; ok && i < name.n; i++)
		ok = is_lower_alnum(name.p[i]) || name.p[i] == '-';
	if (!ok)
		return fail(cx, E_BAD_NAME, "repository name \"%.*s\": 3 to 63 "
		    "of a-z, 0-9 and -, not starting with -", STRF(name));
	if (is_reserved(name))
		return fail(cx, E_BAD_NAME, "repository name \"%.*s\" is "
		    "reserved", STRF(name));
	return OK;
}

enum err
name_check_branch(struct cx *cx, struct str name)
{
	size_t	i;
	bool	ok;

	ok = name.n >= 1 && name.n <= LIMIT_NAME && name.p[0] != '-';
	for (i = 0; ok && i < name.n; i++)
		ok = is_word(name.p[i]) || name.p[i] == '-';
	if (!ok)
		return fail(cx, E_BAD_NAME, "branch name \"%.*s\": 1 to 255 of "
		    "a-z, A-Z, 0-9, _ and -, not starting with -", STRF(name));
	return OK;
}

enum err
name_check_tag(struct cx *cx, struct str name)
{
	static const char	refused[] = " ^:?*[\\/~$@%";
	size_t			i;
	bool			ok;

	ok = name.n >= 1 && name.n <= LIMIT_NAME && str_is_utf8(name) &&
	    !str_has(name, STR("..")) && !str_ends(name, STR(".")) &&
	    !str_ends(name, STR(".lock"));
	for (i = 0; ok && i < name.n; i++)
		ok = (unsigned char)name.p[i] > ' ' && name.p[i] != 0x7f &&
		    str_find(str_of(refused), name.p[i]) == sizeof refused - 1;
	if (!ok)
		return fail(cx, E_BAD_NAME, "tag name \"%.*s\": 1 to 255 bytes "
		    "without blanks, controls and any of %s, without \"..\", "
		    "not ending in \".\" or \".lock\"", STRF(name),
		    refused + 1);
	return OK;
}

bool
name_is_commit_id(struct str name)
{
	size_t	i;

	for (i = 0; i < name.n; i++)
		if (!((name.p[i] >= '0' && name.p[i] <= '9') ||
		    (name.p[i] >= 'a' && name.p[i] <= 'f')))
			return false;
	return name.n == 64;
}
