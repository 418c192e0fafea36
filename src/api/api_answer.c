/* lakeFS's values in JSON, and the answers that they make. */
#include "api/api_call.h"

#include "base/digest.h"

struct json_out
api_begin(struct cx *cx)
{
	struct buf	*b = arena_get(cx->mem, sizeof *b);

	buf_init(b, cx->mem, API_ANSWER_MAX);
	return (struct json_out){ b, false };
}

void
api_answer(struct api_call *c, int status, struct json_out *j)
{
	buf_byte(j->b, '\n');
	response_body(c->res, status, "application/json", buf_as_str(j->b));
}

struct json_out
api_begin_list(struct cx *cx)
{
	struct json_out	j = api_begin(cx);

	json_open(&j, NULL, '{');
	json_open(&j, "results", '[');
	return j;
}

void
api_answer_list(struct api_call *c, struct json_out *j, struct str last,
    bool more, size_t n)
{
	json_close(j, ']');
	json_open(j, "pagination", '{');
	json_put_bool(j, "has_more", more);
	/* Clients go on with after=next_offset; it must not be null. */
	json_put_str(j, "next_offset", more ? last : STR(""));
	json_put_int(j, "results", (int64_t)n);
	json_put_int(j, "max_per_page", LIMIT_PAGE);
	json_close(j, '}');
	json_close(j, '}');
	api_answer(c, 200, j);
}

void
api_put_repo(struct json_out *j, const char *name, const struct repo *r)
{
	json_open(j, name, '{');
	json_put_str(j, "id", r->name);
	json_put_int(j, "creation_date", r->created / 1000);
	json_put_str(j, "default_branch", r->default_branch);
	json_put_str(j, "storage_id", STR(""));
	json_put_str(j, "storage_namespace", r->storage_namespace);
	json_put_bool(j, "read_only", r->read_only);
	json_close(j, '}');
}

void
api_put_ref(struct json_out *j, const char *name, struct str id,
    const struct oid *commit)
{
	struct oid_hex	hex = oid_hex(commit);

	json_open(j, name, '{');
	json_put_str(j, "id", id);
	json_put_str(j, "commit_id", str_of(hex.z));
	json_close(j, '}');
}

void
api_put_commit(struct json_out *j, const char *name, const struct commit *c)
{
	struct oid_hex	hex;
	size_t		i;

	json_open(j, name, '{');
	hex = oid_hex(&c->id);
	json_put_str(j, "id", str_of(hex.z));
	json_open(j, "parents", '[');
	for (i = 0; i < c->n_parents; i++) {
		hex = oid_hex(&c->parents[i]);
		json_put_str(j, NULL, str_of(hex.z));
	}
	json_close(j, ']');
	json_put_str(j, "committer", c->committer);
	json_put_str(j, "message", c->message);
	json_put_int(j, "creation_date", c->date / 1000);
	hex = oid_hex(&c->tree);
	json_put_str(j, "meta_range_id", oid_is_zero(&c->tree) ? STR("") :
	    str_of(hex.z));
	json_put_map(j, "metadata", c->meta, c->n_meta);
	json_put_int(j, "generation", (int64_t)c->generation);
	json_put_int(j, "version", 1);
	json_close(j, '}');
}

/*
 * <namespace>/data/<20>/<20>, digits of 0-9a-v: the shape that scripts expect.
 * Drawn from the object's first block, so the same bytes have one address.
 */
static struct str
physical_address(struct cx *cx, const struct repo *r,
    const struct entry *en)
{
	unsigned char	hash[SHA256_BYTES];
	char		z[41];
	size_t		i;

	if (en->has_manifest)
		digest_of(DIGEST_SHA256, &en->manifest, sizeof en->manifest,
		    hash);
	else if (en->n_extents > 0)
		digest_of(DIGEST_SHA256, &en->extents[0],
		    sizeof en->extents[0].block, hash);
	else
		digest_of(DIGEST_SHA256, en->etag.p, en->etag.n, hash);
	for (i = 0; i < 40; i++)
		z[i] = "0123456789abcdefghijklmnopqrstuv"[
		    (hash[i % 32] >> (i / 32 * 3)) & 31];
	z[40] = '\0';
	return str_printf(cx->mem, "%.*s/data/%.20s/%.20s",
	    STRF(r->storage_namespace), z, z + 20);
}

void
api_put_stats(struct cx *cx, struct json_out *j, const struct repo *r,
    struct str path, const struct entry *en, bool with_meta)
{
	json_open(j, NULL, '{');
	json_put_str(j, "path", path);
	json_put_str(j, "path_type", STR("object"));
	json_put_str(j, "physical_address", physical_address(cx, r, en));
	json_put_str(j, "checksum", en->etag);
	json_put_int(j, "size_bytes", (int64_t)en->size);
	json_put_int(j, "mtime", en->mtime / 1000);
	json_put_map(j, "metadata", en->meta, with_meta ? en->n_meta : 0);
	json_put_str(j, "content_type", en->content_type);
	json_close(j, '}');
}

enum err
api_answer_stats(struct cx *cx, struct api_call *c, int status,
    struct str path, const struct entry *en, bool with_meta)
{
	struct json_out	j;
	struct repo	r;
	enum err	e;

	if ((e = repo_get(cx, c->eng, c->repo, &r)) != OK)
		return e;
	j = api_begin(cx);
	api_put_stats(cx, &j, &r, path, en, with_meta);
	api_answer(c, status, &j);
	return OK;
}
