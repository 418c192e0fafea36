/* One request from its variables to the last byte: whose it is. */
#include "app/app_inside.h"

#include "auth/auth.h"
#include "base/budget.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/spool.h"
#include "base/when.h"
#include "engine/engine.h"

enum { DRAIN_MAX = 1 << 20, DRAIN_LONG = 64 << 20, UPKEEP_MS = 50 };

static bool
is_s3_host(const struct app *a, const struct request *req)
{
	struct str	bucket;

	return s3_is_host(&a->s3, req->host, &bucket);
}

/* Whose is it?  Signatures are S3's, but for metrics. */
static void
dispatch(struct cx *cx, struct app *a, struct request *req,
    struct response *res, struct request_note *note)
{
	if (!auth_is_signed(req) && app_page_file(cx, req, res)) {
		note->protocol = "own";
		return;
	}
	if (!is_s3_host(a, req) &&
	    (!auth_is_signed(req) || app_own_is_metrics(req))) {
		note->protocol = "own";
		if (app_own_answer(cx, a, req, res))
			return;
		if (str_starts(req->path, STR("/api/v1/"))) {
			note->protocol = "api";
			api_handle(cx, a->eng, a->auth, &a->api, req, res,
			    note);
			return;
		}
	}
	note->protocol = "s3";
	s3_handle(cx, a->eng, a->auth, &a->s3, req, res, note);
}

static void
count(const struct request *req, const struct request_note *n,
    const struct app_sent *sent)
{
	metric_request(n->protocol, n->operation, sent->status, sent->us);
	metric_add(METRIC_received_bytes, req->body_read);
	metric_add(METRIC_sent_bytes, sent->bytes);
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
	    !req->truncation_shows ? DRAIN_LONG : DRAIN_MAX);
	body->hurry(body->in.self, 0);
}

/* What the line in the log says, in memory of its own: all else is freed. */
static void
lighten(struct cx *cx, struct request *req, struct request_note *n)
{
	struct str	*kept[] = { &req->method_name, &req->remote,
	    &req->client.name, &n->user, &n->repo, &n->ref, &n->path };
	struct arena	*mem = arena_new();
	size_t		 i;

	for (i = 0; i < sizeof kept / sizeof kept[0]; i++)
		kept[i]->p = arena_dup(mem, kept[i]->p, kept[i]->n);
	arena_free(cx->mem);
	cx->mem = mem;
	budget_hold(cx, arena_held(mem));
}

/* What its client is waited for lies on disk, where there is room: memory is
 * for those who work. */
static enum err
send_rest(struct cx *cx, struct cx *sending, struct request *req,
    struct request_note *n, const struct sink *out, struct str rest)
{
	struct source	in;
	uint64_t	sent = 0;
	int		fd;

	if (!spool_open(sending, rest.n, &fd))
		return out->write(sending, out->self, rest.p, rest.n);
	if (file_write(sending, fd, rest.p, rest.n) != OK) {
		file_close(fd);
		cx_forget(sending);
		return out->write(sending, out->self, rest.p, rest.n);
	}
	metric_add(METRIC_answers_spooled, 1);
	lighten(cx, req, n);
	sending->mem = cx->mem;
	in = spool_source(sending, fd);
	return response_send_source(sending, &in, rest.n, out, &sent);
}

static void
serve(struct cx *cx, struct app *a, char **env, const struct front_body *body,
    const struct sink *out)
{
	struct request_note note = { .protocol = "-", .operation = "-" };
	int64_t		begin = when_monotonic();
	struct request	req;
	struct response	res;
	struct app_sent	sent;
	struct cx	sending;
	struct str	rest;
	enum err	e;

	response_init(&res, cx);
	e = request_from_env(cx, env, body, &req);
	client_find(cx, a->proxies, &req);
	if (e != OK) {
		s3_error_render(cx, &req, &res);
		res.is_head = req.method == M_HEAD;
	} else
		dispatch(cx, a, &req, &res, &note);
	app_page(cx, &req, &res);
	response_guard(&res, is_s3_host(a, &req));
	app_log_audit(cx, &req, &note, res.status);
	/* What the answer holds, it holds until it has gone. */
	budget_hold(cx, arena_held(cx->mem));
	drain(cx, &req, body);
	sending = cx_aside(cx);
	sent.status = res.status;
	e = response_send(&sending, &req, &res, &a->send, out, &sent.bytes,
	    &rest);
	if (e == OK && rest.n > 0)
		e = send_rest(cx, &sending, &req, &note, out, rest);
	if (e != OK && cx->code == OK)
		cx_pass(cx, &sending);
	sent.us = when_monotonic() - begin;
	count(&req, &note, &sent);
	if (a->access_log || res.status >= 500)
		app_log_request(cx, &req, &note, &sent);
}

void
app_serve(void *arg, char **env, const struct front_body *body,
    const struct sink *out)
{
	struct budget_share	 share = { 0 };
	struct cx		 cx;

	cx_init(&cx, arena_new());
	cx.share = &share;
	serve(&cx, arg, env, body, out);
	arena_free(cx.mem);
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
	while (more && when_monotonic() - begin < UPKEEP_MS * 1000) {
		if ((e = engine_maintain(&cx, a->eng, &more)) != OK) {
			log_failure(LOG_WARN, "upkeep", &cx);
			break;
		}
	}
	arena_free(mem);
}
