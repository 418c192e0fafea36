/* How listings are cut into groups and pages. */
#include "engine/listing.h"

#include "base/budget.h"
#include "base/fault.h"
#include "base/limit.h"
#include "lake/keys.h"

bool
list_group(const struct list_query *q, struct str path, struct str *group)
{
	struct str	rest = str_from(path, q->prefix.n);
	size_t		at;

	if (q->delimiter.n == 0)
		return false;
	at = str_find_str(rest, q->delimiter);
	if (at == rest.n)
		return false;
	*group = str_to(path, q->prefix.n + at + q->delimiter.n);
	return true;
}

struct str
list_first(struct cx *cx, const struct list_query *q)
{
	struct str	group;

	if (str_cmp(q->after, q->prefix) < 0 || q->after.n == 0)
		return q->prefix;
	if (str_starts(q->after, q->prefix) &&
	    list_group(q, q->after, &group) && str_is(group, q->after))
		return key_end(cx, q->after);
	return str_after(cx->mem, q->after);
}

void
list_after(struct cx *cx, struct keys_range *in, struct str key)
{
	if (str_cmp(key, in->lo) >= 0)
		in->lo = str_after(cx->mem, key);
}

/*
 * Bytes that are written as six or so ("&quot;", "\\u0001"); and short
 * lengths, two of which are a pair of slices where the record is parsed.
 */
size_t
list_cost(struct str bytes)
{
	size_t		i, n = sizeof(struct list_item);
	unsigned char	c;

	for (i = 0; i < bytes.n; i++) {
		c = (unsigned char)bytes.p[i];
		n += c < 0x20 ? 16 : c >= 0x7f || c == '"' || c == '&' ||
		    c == '<' || c == '>' || c == '\\' || c == '\'' ? 6 : 1;
	}
	return n;
}

bool
list_takes(struct list_fill *f, size_t cost)
{
	if (f->n == f->limit || (!fault_skip("PAGE_BYTES") && f->n > 0 &&
	    f->cost >= LIMIT_PAGE_BYTES)) {
		f->more = true;
		return false;
	}
	f->n++;
	f->cost += cost;
	return true;
}

/* The records, and an answer that grew by doubling. */
enum err
list_claim(struct cx *cx, size_t limit)
{
	return budget_need(cx, 4 * (limit < LIMIT_PAGE_BYTES / LIMIT_ENTRY ?
	    limit * LIMIT_ENTRY : LIMIT_PAGE_BYTES));
}

enum err
list_records(struct cx *cx, struct kv_tx *tx, const struct keys_range *in,
    struct list_fill *f, list_record_fn *fn, void *self)
{
	struct kv_cursor	*cur;
	struct str		 k, v;
	enum err		 e;
	bool			 there;

	*f = (struct list_fill){ .limit = f->limit };
	if ((e = kv_scan(cx, tx, in->lo, in->hi, &cur)) != OK)
		return e;
	while (!f->more && (e = kv_next(cx, tx, cur, &k, &v, &there)) == OK &&
	    there)
		if ((e = fn(cx, self, k, v)) != OK)
			return e;
	return e;
}
