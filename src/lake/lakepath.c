/* s3://repository/ref/path <-> {repository, ref, path}. */
#include "lake/lakepath.h"

#include "base/arena.h"

struct lakepath
lakepath_parse(struct str bucket, struct str key)
{
	struct lakepath	lp = { .repo = bucket };
	size_t		at;

	at = str_find(key, '/');
	lp.ref = str_to(key, at);
	lp.slash = at < key.n;
	lp.path = str_from(key, at + 1);
	return lp;
}

struct str
lakepath_key(struct arena *mem, struct str ref, struct str path)
{
	char	*p;
	size_t	 i;

	p = arena_get(mem, ref.n + 1 + path.n + 1);
	for (i = 0; i < ref.n; i++)
		p[i] = ref.p[i];
	p[i++] = '/';
	for (; i < ref.n + 1 + path.n; i++)
		p[i] = path.p[i - ref.n - 1];
	return (struct str){ p, ref.n + 1 + path.n };
}
