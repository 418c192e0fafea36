/* Paths that are neither protocol's: health, metrics, logout. */
#include "app/app_inside.h"

#include "auth/auth.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "base/metric.h"
#include "base/xml.h"
#include "engine/engine.h"

bool
app_own_is_metrics(const struct request *req)
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
	struct auth_identity	who;
	struct auth_signature	sig;
	enum err		e;

	if (fault_skip("METRICS") || (req->client.near &&
	    str_is(a->conf.metrics, STR("loopback"))))
		return OK;
	e = auth_is_signed(req) ? auth_verify_s3(cx, a->auth, req, &at,
	    &who, &sig) : auth_verify_api(cx, a->auth, req, &who);
	if (e == OK || e == E_TOO_MANY || e == E_STORE || e == E_CORRUPT ||
	    e == E_CONF || e == E_BUSY || e == E_FORMAT)
		return e;
	return fail(cx, E_DENIED, "Metrics are for who asks from this "
	    "machine, or has a key: see the setting \"metrics\".");
}

enum err
app_metrics_open(struct cx *cx, const char *path)
{
	const char	*name;
	size_t		 i;

	for (i = 0; (name = s3_operation(i)) != NULL; i++)
		metric_operation("s3", name);
	for (i = 0; (name = api_operation(i)) != NULL; i++)
		metric_operation("api", name);
	metric_operation("s3", "Preflight");
	metric_operation("s3", "-");
	metric_operation("api", "-");
	metric_operation("own", "-");
	return metric_open(cx, path);
}

/* What is measured when it is asked for.  What cannot be is left out. */
static void
metrics_of_disk(struct cx *cx, const struct app *a, struct buf *b)
{
	static const struct {
		const char	*file, *name, *help;
	} files[] = {
		{ "meta.db", "database_bytes",
		    "metadata and small objects" },
		{ "meta.db-wal", "database_log_bytes",
		    "the write-ahead log, bounded but while a backup copies" },
	};
	const char	*lake = str_z(cx->mem, a->conf.lake);
	struct cx	 aside = cx_aside(cx);
	uint64_t	 n;
	size_t		 i;
	bool		 there;

	if (file_free_space(&aside, lake, &n) == OK)
		metric_text_gauge(b, "free_bytes",
		    "free space on the disk of the lake", n);
	metric_text_gauge(b, "reserve_bytes",
	    "below so many free bytes writes are refused",
	    (uint64_t)a->conf.reserve);
	for (i = 0; i < sizeof files / sizeof files[0]; i++)
		if (file_size(&aside, str_printf(cx->mem, "%s/%s", lake,
		    files[i].file).p, &n, &there) == OK && there)
			metric_text_gauge(b, files[i].name, files[i].help, n);
}

static void
metrics(struct cx *cx, struct app *a, struct request *req,
    struct response *res)
{
	struct buf	b;

	if (metrics_check(cx, a, req) != OK) {
		s3_error_render(cx, req, res);
		return;
	}
	buf_init(&b, cx->mem, 1 << 20);
	metric_text(&b);
	metrics_of_disk(cx, a, &b);
	response_body(res, 200, "text/plain; version=0.0.4", buf_as_str(&b));
}

/* Another version of the API than ours, or none. */
static bool
is_beside_api(struct str path)
{
	return str_is(path, STR("/api")) || (str_starts(path,
	    STR("/api/")) && !str_is(path, STR("/api/v1")) &&
	    !str_starts(path, STR("/api/v1/")));
}

bool
app_own_answer(struct cx *cx, struct app *a, struct request *req,
    struct response *res)
{
	struct str	p = req->path;

	if (str_is(p, STR("/_health")))
		response_body(res, 200, "text/plain", STR("ok\n"));
	else if (str_is(p, STR("/_ready")))
		/* Why not is the log's. */
		response_body(res, engine_ready(cx, a->eng) == OK &&
		    xml_ready(cx) == OK ? 200 : 503, "text/plain", STR(""));
	else if (app_own_is_metrics(req))
		metrics(cx, a, req, res);
	else if (str_is(p, STR("/logout"))) {
		response_header(res, "Location", STR("/"));
		response_header(res, "Set-Cookie", auth_cookie(cx, req,
		    STR(""), 0));
		response_body(res, 307, NULL, STR(""));
	} else if (is_beside_api(p))
		/* lakectl takes what is no JSON for a wrong endpoint. */
		response_body(res, 404, "text/plain; charset=utf-8",
		    STR("There is no API here: lakegate has version 1 of "
		    "lakeFS's, at /api/v1.\n"));
	else if (str_starts(p, STR("/_")) ||
	    str_is(p, STR("/openapi.json")) || str_is(p, STR("/api/v1")))
		response_body(res, 404, "application/json",
		    STR("{\"message\":\"invalid API endpoint\"}\n"));
	else
		return false;
	res->is_head = req->method == M_HEAD;
	return true;
}
