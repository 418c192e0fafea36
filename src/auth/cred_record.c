/* The record of an access key, in its two forms.  [DESIGN 1] */
#include "auth/auth_inside.h"

#include "base/buf.h"
#include "base/cx.h"

enum { FORM = 2 };

bool
cred_record_parse(struct str v, struct cred_record *out)
{
	uint64_t	created;
	uint8_t		form;

	if (!take_varint(&v, &created) || !take_field(&v, &out->user) ||
	    !take_field(&v, &out->sealed))
		return false;
	out->created = (int64_t)created;
	out->print = STR("");
	if (v.n == 0)
		return true;
	out->print = str_from(v, 1);
	return take_byte(&v, &form) && form == FORM &&
	    out->print.n == PRINT_BYTES;
}

void
cred_record_format(const struct cred_record *r, struct buf *b)
{
	buf_varint(b, (uint64_t)r->created);
	buf_field(b, r->user);
	buf_field(b, r->sealed);
	if (r->print.n > 0) {
		buf_byte(b, FORM);
		buf_str(b, r->print);
	}
}
