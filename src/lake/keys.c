/* The key layout: DESIGN 2. */
#include "lake/keys.h"

#include <assert.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/limit.h"

static struct buf
key(struct cx *cx, char letter)
{
	struct buf	b;

	buf_init(&b, cx->mem, KEYS_LONGEST);
	buf_byte(&b, letter);
	return b;
}

/* A key that was cut would be another's.  What requests name is bounded by
 * lake/target. */
static struct str
whole(const struct buf *b)
{
	assert(buf_ok(b));
	return buf_as_str(b);
}

static struct str
named(struct cx *cx, char letter, const struct uid *scope, struct str name)
{
	struct buf	b = key(cx, letter);

	if (scope != NULL)
		buf_str(&b, uid_str(scope));
	buf_str(&b, name);
	return whole(&b);
}

struct str
key_repo(struct cx *cx, struct str name)
{
	return named(cx, 'R', NULL, name);
}

struct str
key_namespace(struct cx *cx, struct str ns)
{
	return named(cx, 'S', NULL, ns);
}

struct str
key_branch(struct cx *cx, const struct uid *ruid, struct str name)
{
	return named(cx, 'B', ruid, name);
}

struct str
key_tag(struct cx *cx, const struct uid *ruid, struct str name)
{
	return named(cx, 'T', ruid, name);
}

struct str
key_commit(struct cx *cx, const struct uid *ruid, struct str id)
{
	return named(cx, 'C', ruid, id);
}

struct str
key_stamp(struct cx *cx, const struct oid *node)
{
	return named(cx, 'N', NULL, oid_str(node));
}

struct str
key_node(struct cx *cx, const struct oid *node)
{
	return named(cx, 'n', NULL, oid_str(node));
}

struct str
key_row(struct cx *cx, const struct uid *uid, uint64_t area, struct str path)
{
	struct buf	b = key(cx, 'r');

	buf_str(&b, uid_str(uid));
	buf_be64(&b, area);
	buf_str(&b, path);
	return whole(&b);
}

struct str
key_area(struct cx *cx, const struct uid *uid, uint64_t area)
{
	return key_row(cx, uid, area, STR(""));
}

struct str
key_rows(struct cx *cx, const struct uid *uid)
{
	return named(cx, 'r', uid, STR(""));
}

struct str
key_count(struct cx *cx, const struct uid *uid, uint64_t area)
{
	struct buf	b = key(cx, 'c');

	buf_str(&b, uid_str(uid));
	buf_be64(&b, area);
	return whole(&b);
}

struct str
key_counts(struct cx *cx, const struct uid *uid)
{
	return named(cx, 'c', uid, STR(""));
}

struct str
key_heads(struct cx *cx, const struct uid *ruid, struct str branch)
{
	struct buf	b = key(cx, 'H');

	buf_str(&b, uid_str(ruid));
	buf_str(&b, branch);
	buf_byte(&b, 0);
	return whole(&b);
}

struct str
key_head(struct cx *cx, const struct uid *ruid, struct str branch,
    uint64_t seq)
{
	struct buf	b = key(cx, 'H');

	buf_str(&b, uid_str(ruid));
	buf_str(&b, branch);
	buf_byte(&b, 0);
	buf_be64(&b, seq);
	return whole(&b);
}

struct str
key_uploads(struct cx *cx, const struct uid *uid)
{
	return named(cx, 'U', uid, STR(""));
}

/* NUL is legal in a path: escaped so that order stays that of the paths. */
static void
put_path(struct buf *b, struct str path)
{
	size_t	i;

	for (i = 0; i < path.n; i++) {
		buf_byte(b, path.p[i]);
		if (path.p[i] == '\0')
			buf_byte(b, 0xff);
	}
}

struct str
key_uploads_at(struct cx *cx, const struct uid *uid, struct str path)
{
	struct buf	b = key(cx, 'U');

	buf_str(&b, uid_str(uid));
	put_path(&b, path);
	return whole(&b);
}

struct str
key_upload(struct cx *cx, const struct uid *uid, struct str path,
    const struct uid *id)
{
	struct buf	b = key(cx, 'U');

	buf_str(&b, uid_str(uid));
	put_path(&b, path);
	buf_add(&b, "\0\1", 2);
	buf_str(&b, uid_str(id));
	return whole(&b);
}

struct str
key_parts(struct cx *cx, const struct uid *upload)
{
	return named(cx, 'P', upload, STR(""));
}

struct str
key_part(struct cx *cx, const struct uid *upload, uint32_t number)
{
	struct buf	b = key(cx, 'P');

	buf_str(&b, uid_str(upload));
	buf_be32(&b, number);
	return whole(&b);
}

struct str
key_small(struct cx *cx, const struct uid *block)
{
	return named(cx, 'y', block, STR(""));
}

struct str
key_manifest(struct cx *cx, const struct uid *id)
{
	return named(cx, 'M', id, STR(""));
}

struct str
key_gc(void)
{
	return STR("G");
}

struct str
key_lake(void)
{
	return STR("L");
}

struct str
key_grey(struct cx *cx, char kind, struct str id)
{
	struct buf	b = key(cx, 'g');

	buf_byte(&b, kind);
	buf_str(&b, id);
	return whole(&b);
}

struct str
key_doom(struct cx *cx, const struct uid *ruid, const struct oid *commit)
{
	return named(cx, 'D', ruid, oid_str(commit));
}

struct str
key_dead(struct cx *cx, const struct uid *block)
{
	return named(cx, 'X', block, STR(""));
}

struct str
key_reap(struct cx *cx, char kind, const struct uid *id)
{
	struct buf	b = key(cx, 'Z');

	buf_byte(&b, kind);
	buf_str(&b, uid_str(id));
	return whole(&b);
}

struct str
key_end(struct cx *cx, struct str prefix)
{
	unsigned char	*p = arena_dup(cx->mem, prefix.p, prefix.n);
	size_t		 n = prefix.n;

	while (n > 0 && p[n - 1] == 0xff)
		n--;
	if (n > 0)
		p[n - 1]++;
	return (struct str){ (char *)p, n };
}

struct str
key_user(struct cx *cx, struct str name)
{
	struct buf	b = key(cx, 'A');

	buf_byte(&b, 'U');
	buf_str(&b, name);
	return whole(&b);
}

struct str
key_access(struct cx *cx, struct str id)
{
	struct buf	b = key(cx, 'A');

	buf_byte(&b, 'K');
	buf_str(&b, id);
	return whole(&b);
}

struct str
key_setup(void)
{
	return STR("AS");
}

struct str
key_sealer(void)
{
	return STR("AM");
}

bool
key_is_whole(struct str key)
{
	enum { UID = sizeof(struct uid), OID = sizeof(struct oid) };

	switch (key.n > 0 ? key.p[0] : 0) {
	case 'B':
	case 'T':
	case 'P':
	case 'y':
	case 'M':
	case 'X':
		return key.n >= 1 + UID;
	case 'H':			/* a NUL and the sequence number */
		return key.n >= 1 + UID + 9;
	case 'U':
		return key.n >= 1 + UID + UID;
	case 'C':
	case 'D':
		return key.n >= 1 + UID + OID;
	case 'N':
	case 'n':
		return key.n >= 1 + OID;
	case 'Z':
		return key.n >= 2 + UID;
	default:
		return true;
	}
}

struct keys_range
key_range(struct cx *cx, struct str prefix)
{
	return (struct keys_range){ prefix, key_end(cx, prefix) };
}

struct str
key_letter(struct cx *cx, char letter)
{
	struct buf	b = key(cx, letter);

	return whole(&b);
}
