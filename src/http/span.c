/* Range headers. */
#include "base/cx.h"
#include "http/http.h"

enum err
span_parse(struct cx *cx, struct str range, uint64_t size, struct span *out)
{
	struct str	from, to;
	uint64_t	a, b;
	size_t		dash;

	*out = (struct span){ false, 0, size };
	if (!str_take(&range, STR("bytes=")) || str_find(range, ',') < range.n)
		return OK;
	dash = str_find(range, '-');
	from = str_trim(str_to(range, dash));
	to = str_trim(str_from(range, dash + 1));
	if (dash == range.n || (from.n == 0 && to.n == 0))
		return OK;
	if (from.n == 0) {			/* the last b bytes */
		if (!str_u64(to, UINT64_MAX, &b))
			return OK;
		if (b == 0 || size == 0)
			goto past;
		b = b < size ? b : size;
		*out = (struct span){ true, size - b, b };
		return OK;
	}
	if (!str_u64(from, UINT64_MAX, &a) ||
	    (to.n > 0 && (!str_u64(to, UINT64_MAX, &b) || b < a)))
		return OK;
	if (a >= size)
		goto past;
	if (to.n == 0 || b >= size)
		b = size - 1;
	*out = (struct span){ true, a, b - a + 1 };
	return OK;
past:
	return fail(cx, E_BAD_RANGE, "The requested range is not satisfiable: "
	    "the object has %llu bytes.", (unsigned long long)size);
}
