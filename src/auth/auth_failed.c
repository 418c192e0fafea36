/* What follows a failure to authenticate: a count, a log line, an answer. */
#include "auth/auth_inside.h"

#include "auth/failure.h"
#include "base/buf.h"
#include "base/cx.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/when.h"
#include "http/http.h"

enum { SHOWN = 128 };

void
auth_count_failures(struct auth *a, const char *path, bool refuse)
{
	a->failures = failures_new(path);
	a->refuse = refuse;
}

/* One form, which examples/fail2ban-filter.conf knows; the address first, and
 * what a client chose escaped and last. */
static void
failed_line(struct cx *cx, const struct request *req, struct str key_id,
    const char *reason)
{
	struct buf	b;

	buf_init(&b, cx->mem, 4096);
	buf_printf(&b, "auth failure client=%.*s reason=%s id=%s",
	    STRF(req->client.name), reason, cx->id);
	if (!req->client.known)
		log_value(&b, "peer", str_to(req->remote, SHOWN));
	buf_z(&b, " key=");
	enc_percent(&b, str_to(key_id, SHOWN), true);
	log_line(LOG_WARN, "%.*s", STRF(buf_as_str(&b)));
}

enum err
auth_refuse(struct cx *cx)
{
	cx_forget(cx);
	return fail(cx, E_NO_AUTH, "error authenticating request");
}

enum err
auth_failed(struct cx *cx, struct auth *a, const struct request *req,
    struct str key_id, const char *reason)
{
	bool	over;

	if (a->failures == NULL)
		return cx->code;
	over = failures_add(cx, a->failures, &req->client, key_id,
	    (uint64_t)when_monotonic() / 1000000);
	metric_add(METRIC_auth_failures, 1);
	failed_line(cx, req, key_id, reason);
	if (!over || !a->refuse)
		return cx->code;
	metric_add(METRIC_auth_refused, 1);
	return fail(cx, E_TOO_MANY, "This is one of too many requests that "
	    "failed to authenticate; check access key and secret, and try "
	    "again in %d seconds. What is signed right is always served.",
	    LIMIT_FAILURE_TIME);
}
