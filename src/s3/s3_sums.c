/* Checksums of objects and parts: x-amz-checksum-* and <Checksum…>. */
#include "s3/s3_sums.h"

#include "base/xml.h"

enum err
s3_sums_algorithm(struct cx *cx, const struct s3_call *c,
    const struct digest_sum **out)
{
	struct str	name = request_header(c->req,
	    "x-amz-checksum-algorithm");
	struct buf	b;
	size_t		i;

	*out = name.n > 0 ? digest_sum_named(name) : NULL;
	if (name.n == 0 || *out != NULL)
		return OK;
	buf_init(&b, cx->mem, 1024);
	for (i = 0; i < DIGEST_SUMS; i++)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "",
		    digest_sums[i].algorithm);
	return fail(cx, E_BAD_REQUEST, "Checksum algorithm provided is "
	    "unsupported. Please try again with any of the valid types: %.*s",
	    STRF(buf_as_str(&b)));
}

struct str
s3_sums_type(bool composite)
{
	return composite ? STR("COMPOSITE") : STR("FULL_OBJECT");
}

void
s3_sums_part_headers(struct s3_call *c, const struct entry *en)
{
	char	name[64];
	size_t	i;

	for (i = 0; i < en->n_sums; i++) {
		snprintf(name, sizeof name, "x-amz-checksum-%.*s",
		    STRF(en->sums[i].name));
		response_header(c->res, name, en->sums[i].value);
	}
}

void
s3_sums_headers(struct s3_call *c, const struct entry *en)
{
	s3_sums_part_headers(c, en);
	if (en->n_sums > 0)
		response_header(c->res, "x-amz-checksum-type",
		    s3_sums_type(en->sums_composite));
}

void
s3_sums_put_one(struct buf *b, struct str name, struct str value)
{
	const struct digest_sum	*sum = digest_sum_named(name);

	if (sum != NULL)
		xml_put(b, sum->element, value);
}

void
s3_sums_put(struct buf *b, const struct entry *en)
{
	size_t	i;

	for (i = 0; i < en->n_sums; i++)
		s3_sums_put_one(b, en->sums[i].name, en->sums[i].value);
}

void
s3_sums_put_type(struct buf *b, const struct entry *en)
{
	if (en->n_sums > 0)
		xml_put(b, "ChecksumType", s3_sums_type(en->sums_composite));
}
