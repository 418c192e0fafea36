/* One request from its variables to the last byte: whose it is, and the log. */
#include "app/app_inside.h"

#include <string.h>

#include "auth/auth.h"
#include "base/budget.h"
#include "base/fault.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/when.h"
#include "engine/engine.h"

enum { DRAIN_MAX = 1 << 20, DRAIN_LONG = 64 << 20, TEND_MS = 50 };

struct note {			/* for the log lines */
	const char	*protocol, *operation;
	struct str	 user, key_id, repo, ref, path;
	struct str	*deleted;	/* paths, where one request has many */
	size_t		 n_deleted;
};

static bool
is_domain(const struct app *a, struct str host)
{
	struct str	d;
	size_t		i;

	host = str_to(host, str_find(host, ':'));
	for (i = 0; i < a->s3.n_domains; i++) {
		d = a->s3.domains[i];
		if (str_is_nocase(host, d) || (host.n > d.n &&
		    str_is_nocase(str_from(host, host.n - d.n), d) &&
		    host.p[host.n - d.n - 1] == '.'))
			return true;
	}
	return false;
}

static void
plain(struct response *res, int status, const char *type, struct str body)
{
	response_body(res, status, type, body);
}

/* Of all own addresses the one that signatures reach, too. */
static bool
is_metrics(const struct request *req)
{
	return (req->method == M_GET || req->method == M_HEAD) &&
	    (str_is(req->path, STR("/metrics")) ||
	    str_is(req->path, STR("/_metrics")));
}

/* For this machine or a key; E_DENIED, E_TOO_MANY, or a fault of ours. */
static enum err
metrics_check(struct cx *cx, struct app *a, struct request *req)
{
	const struct auth_place	at = { STR(""), a->s3.only_region };
	struct auth_identity		who;
	struct auth_signature	sig;
	enum err		e;

	if (fault_skip("METRICS") || (req->client.near &&
	    str_is(a->conf.metrics, STR("loopback"))))
		return OK;
	e = auth_is_signed(req) ? auth_verify_s3(cx, a->auth, req, &at,
	    &who, &sig) : auth_verify_api(cx, a->auth, req, &who);
	if (e == OK || e == E_TOO_MANY || e == E_STORE || e == E_CORRUPT ||
	    e == E_CONF || e == E_BUSY)
		return e;
	return fail(cx, E_DENIED, "Metrics are for who asks from this "
	    "machine, or has a key: see the setting \"metrics\".");
}

static void
metrics(struct cx *cx, struct app *a, struct request *req,
    struct response *res)
{
	struct buf	b;

	if (metrics_check(cx, a, req) != OK) {
		s3_render_error(cx, req, res);
		return;
	}
	buf_init(&b, cx->mem, 1 << 20);
	metric_text(&b);
	plain(res, 200, "text/plain; version=0.0.4", buf_as_str(&b));
}

/* Addresses that are neither protocol's; false: not one of them. */
static bool
own_address(struct cx *cx, struct app *a, struct request *req,
    struct response *res, struct note *n)
{
	struct str	p = req->path;

	n->protocol = "own";
	if (str_is(p, STR("/_health")))
		plain(res, 200, "text/plain", STR("ok\n"));
	else if (str_is(p, STR("/_ready")))
		/* Why not is the log's. */
		plain(res, engine_ready(cx, a->eng) == OK ? 200 : 503,
		    "text/plain", STR(""));
	else if (is_metrics(req))
		metrics(cx, a, req, res);
	else if (str_is(p, STR("/logout"))) {
		response_header(res, "Location", STR("/"));
		response_header(res, "Set-Cookie", auth_cookie(cx, req,
		    STR(""), 0));
		plain(res, 307, NULL, STR(""));
	} else if (str_starts(p, STR("/_")) ||
	    str_is(p, STR("/openapi.json")) || (str_starts(p, STR("/api/")) &&
	    !str_starts(p, STR("/api/v1/"))) || str_is(p, STR("/api")))
		plain(res, 404, "application/json",
		    STR("{\"message\":\"invalid API endpoint\"}\n"));
	else
		return false;
	res->is_head = req->method == M_HEAD;
	return true;
}

static void
dispatch(struct cx *cx, struct app *a, struct request *req,
    struct response *res, struct note *n)
{
	struct s3_note	s3;
	struct api_note	api;
	bool		is_s3;

	is_s3 = is_domain(a, req->host) ||
	    (auth_is_signed(req) && !is_metrics(req));
	if (!is_s3 && own_address(cx, a, req, res, n))
		return;
	if (!is_s3 && str_starts(req->path, STR("/api/v1/"))) {
		memset(&api, 0, sizeof api);
		api_handle(cx, a->eng, a->auth, &a->api, req, res, &api);
		*n = (struct note){ "api", api.operation, api.user,
		    api.key_id, api.repo, api.ref, api.path, api.deleted,
		    api.n_deleted };
		metric_add(METRIC_requests_api, 1);
		return;
	}
	memset(&s3, 0, sizeof s3);
	s3_handle(cx, a->eng, a->auth, &a->s3, req, res, &s3);
	*n = (struct note){ "s3", s3.operation, s3.user, s3.key_id, s3.repo,
	    s3.ref, s3.path, s3.deleted, s3.n_deleted };
	metric_add(METRIC_requests_s3, 1);
}

static void
log_request(struct cx *cx, const struct request *req, const struct note *n,
    int status, uint64_t sent, int64_t us)
{
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
	log_value(&b, "path", str_to(n->path, 1024));
	buf_printf(&b, " status=%d in=%llu out=%llu ms=%lld.%03lld", status,
	    (unsigned long long)req->body_read, (unsigned long long)sent,
	    (long long)(us / 1000), (long long)(us % 1000));
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
audit_path(struct cx *cx, const struct request *req, const struct note *n,
    struct str path, int status)
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

/* Before the answer goes: a change that somebody knows of has its line. */
static void
audit(struct cx *cx, const struct request *req, const struct note *n,
    int status)
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

static void
count(const struct request *req, int status, uint64_t sent, int64_t us)
{
	metric_add(METRIC_requests, 1);
	metric_add(status < 300 ? METRIC_responses_2xx : status < 400 ?
	    METRIC_responses_3xx : status < 500 ? METRIC_responses_4xx :
	    METRIC_responses_5xx, 1);
	metric_add(METRIC_bytes_in, req->body_read);
	metric_add(METRIC_bytes_out, sent);
	metric_add(METRIC_request_us, (uint64_t)us);
}

/*
 * What an early refusal leaves unread, within bounds: some servers lose the
 * answer otherwise.  lighttpd resets an HTTP/2 stream whose body nobody took,
 * Apache a connection whose body a CGI program left, and the client then shows
 * no answer.
 */
static void
drain(struct cx *cx, struct request *req, const struct front_body *body)
{
	struct cx	aside = cx_aside(cx);

	if (req->has_length && req->body_read == req->length)
		return;
	if (!fault_skip("DRAIN_TIME"))
		body->hurry(body->in.self, LIMIT_REFUSED * 1000);
	source_drain(&aside, &req->body, req->is_http2 ||
	    !req->cut_shows ? DRAIN_LONG : DRAIN_MAX);
	body->hurry(body->in.self, 0);
}

static void
serve(struct cx *cx, struct app *a, char **env, const struct front_body *body,
    const struct sink *out)
{
	struct note	n = { .protocol = "-", .operation = "-" };
	int64_t		begin = when_monotonic(), us;
	struct request	req;
	struct response	res;
	uint64_t	sent;
	struct cx	sending;
	enum err	e;

	response_init(&res, cx);
	e = request_from_env(cx, env, body, &req);
	client_find(cx, a->proxies, &req);
	if (e != OK) {
		s3_render_error(cx, &req, &res);
		res.is_head = req.method == M_HEAD;
	} else
		dispatch(cx, a, &req, &res, &n);
	response_guard(&res, is_domain(a, req.host));
	audit(cx, &req, &n, res.status);
	/* What the answer holds, it holds until its client has read it. */
	budget_hold(cx, arena_held(cx->mem));
	drain(cx, &req, body);
	sending = cx_aside(cx);
	if (response_send(&sending, &req, &res, &a->send, out, &sent) != OK &&
	    cx->code == OK)
		cx_pass(cx, &sending);
	us = when_monotonic() - begin;
	count(&req, res.status, sent, us);
	if (a->access_log || res.status >= 500)
		log_request(cx, &req, &n, res.status, sent, us);
}

void
app_serve(void *arg, char **env, const struct front_body *body,
    const struct sink *out)
{
	struct budget_share	 share = { 0 };
	struct arena		*mem = arena_new();
	struct cx		 cx;

	cx_init(&cx, mem);
	cx.share = &share;
	serve(&cx, arg, env, body, out);
	arena_free(mem);
	budget_close(&share);
}

void
app_idle(void *arg)
{
	struct app	*a = arg;
	struct arena	*mem = arena_new();
	struct cx	 cx;
	int64_t		 begin = when_monotonic();
	enum err	 e;
	bool		 more = true;

	cx_init(&cx, mem);
	while (more && when_monotonic() - begin < TEND_MS * 1000) {
		if ((e = engine_maintain(&cx, a->eng, &more)) != OK) {
			log_failure(LOG_WARN, "upkeep", &cx);
			break;
		}
	}
	arena_free(mem);
}
