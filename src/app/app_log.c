/* A request's line in the log, and its changes in the audit log. */
#include "app/app_inside.h"

#include "base/limit.h"
#include "base/log.h"

void
app_log_request(struct cx *cx, const struct request *req,
    const struct request_note *n, const struct app_sent *sent)
{
	int		status = sent->status;
	struct buf	b;

	buf_init(&b, cx->mem, 16 * 1024);
	buf_printf(&b, "id=%s protocol=%s op=%s", cx->id, n->protocol,
	    n->operation);
	log_value(&b, "user", n->user);
	log_value(&b, "client", req->client.name);
	if (!str_is(req->remote, req->client.name))
		log_value(&b, "peer", str_to(req->remote, 256));
	log_value(&b, "method", req->method_name);
	log_value(&b, "repo", n->repo);
	log_value(&b, "ref", n->ref);
	log_value(&b, "path", str_to(n->path, LIMIT_PATH));
	buf_printf(&b, " status=%d in=%llu out=%llu ms=%lld.%03lld", status,
	    (unsigned long long)req->body_read,
	    (unsigned long long)sent->bytes, (long long)(sent->us / 1000),
	    (long long)(sent->us % 1000));
	if (cx->code != OK) {
		buf_printf(&b, " error=%s", err_name(cx->code));
		log_value(&b, "words", str_of(cx->words));
	}
	if (status >= 500 && cx->file != NULL)
		buf_printf(&b, " at=%s:%d", cx->file, cx->line);
	log_line(status >= 500 && status != 501 && status != 503 ?
	    LOG_ERROR : LOG_INFO, "%.*s", STRF(buf_as_str(&b)));
}

static void
audit_path(struct cx *cx, const struct request *req,
    const struct request_note *n, struct str path, int status)
{
	struct buf	b;

	buf_init(&b, cx->mem, 32 * 1024);
	buf_printf(&b, "id=%s protocol=%s op=%s", cx->id, n->protocol,
	    n->operation);
	log_value(&b, "user", n->user);
	log_value(&b, "key", n->key_id);
	log_value(&b, "client", req->client.name);
	log_value(&b, "repo", n->repo);
	log_value(&b, "ref", n->ref);
	log_value(&b, "path", path);
	buf_printf(&b, " status=%d", status);
	log_audit(cx, buf_as_str(&b));
}

void
app_log_audit(struct cx *cx, const struct request *req,
    const struct request_note *n, int status)
{
	size_t	i;

	/* Own addresses have no operation, and change nothing. */
	if (!log_audits() || status >= 400 || req->method == M_GET ||
	    req->method == M_HEAD || req->method == M_OPTIONS ||
	    str_is(str_of(n->operation), STR("-")))
		return;
	if (n->deleted == NULL)
		audit_path(cx, req, n, n->path, status);
	for (i = 0; i < n->n_deleted; i++)
		audit_path(cx, req, n, n->deleted[i], status);
}
