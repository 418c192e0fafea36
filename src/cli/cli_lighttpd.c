/* The configuration with which `lakegate serve` starts lighttpd. */
#include "cli/cli.h"

#include "base/buf.h"

/* What is between two @ is replaced; see lighttpd/ for the commented form. */
static const char template[] =
    "# Written by `lakegate serve`; see lighttpd/ for the commented form.\n"
    "server.modules = ( \"mod_fastcgi\" )\n"
    "server.bind = \"@BIND@\"\nserver.port = @PORT@\n"
    "server.document-root = \"@LAKE@/run/empty\"\n"
    "server.upload-dirs = ( \"@SPOOL@\" )\n"
    "server.pid-file = \"@LAKE@/run/lighttpd.pid\"\n"
    "server.tag = \"lakegate\"\n"
    "server.http-parseopts = ( \"url-normalize\" => \"disable\" )\n"
    "server.max-request-field-size = 16384\n"
    "server.stream-request-body = 1\n"
    "server.stream-response-body = 2\n"
    "server.chunkqueue-chunk-sz = 65536\n"
    "server.range-requests = \"disable\"\n"
    "server.max-keep-alive-requests = 100000\n"
    "server.max-request-size = 5308416\n"
    "$REQUEST_HEADER[\"Content-Length\"] == \"\" {\n"
    "  server.stream-request-body = 0\n"
    "  $REQUEST_HEADER[\"Authorization\"] == \"\" {\n"
    "    $REQUEST_HEADER[\"X-Amz-Decoded-Content-Length\"] == \"\" {\n"
    "      $HTTP[\"query-string\"] !~ \"Signature=\" {\n"
    "        server.max-request-size = 64\n      }\n    }\n  }\n}\n"
    "fastcgi.server = ( \"\" => (( "
    "\"socket\" => \"@SOCKET@\",\n"
    "  \"bin-path\" => \"@WORKER@\", \"check-local\" => \"disable\", "
    "\"max-procs\" => 1,\n"
    "  \"x-sendfile\" => \"enable\", \"x-sendfile-docroot\" => "
    "( \"@LAKE@/blocks\" ),\n  \"bin-environment\" => ( @SETTINGS@ ),\n"
    "  \"bin-copy-environment\" => ( \"PATH\", \"HOME\", "
    "\"LAKEGATE_FAULT\" ) )) )\n";

enum { CONF_MAX = 64 * 1024 };

/* Everything that stands between quotation marks. */
static enum err
check_quoted(struct cli *c, const struct cli_serving *s, struct str worker)
{
	size_t			 i, n;
	const struct conf_row	*rows = conf_rows(&n);
	enum err		 e;

	if ((e = conf_check_quoted(c->cx, "--bind",
	    str_of(s->bind))) != OK || (e = conf_check_quoted(c->cx,
	    "the path of lakegate.fcgi", worker)) != OK ||
	    (e = conf_check_quoted(c->cx, "XDG_RUNTIME_DIR",
	    s->socket)) != OK)
		return e;
	for (i = 0; i < n; i++)
		if ((e = conf_check_quoted(c->cx, rows[i].name,
		    conf_value(c->cx, &c->conf, &rows[i]))) != OK)
			return e;
	return OK;
}

static struct str
settings(struct cli *c)
{
	size_t		 i, n;
	struct pair	*all = cli_settings(c, &n);
	struct buf	 b;

	buf_init(&b, c->cx->mem, CONF_MAX);
	for (i = 0; i < n; i++)
		buf_printf(&b, "\"%.*s\" => \"%.*s\",\n    ",
		    STRF(all[i].name), STRF(all[i].value));
	return buf_as_str(&b);
}

enum err
cli_lighttpd_conf(struct cli *c, const struct cli_serving *s, struct str *out)
{
	struct str		worker = cli_worker_path(c->cx);
	const struct pair	marks[] = {
		{ STR("BIND"), str_of(s->bind) },
		{ STR("PORT"), str_printf(c->cx->mem, "%ld", s->port) },
		{ STR("LAKE"), c->conf.lake },
		{ STR("SPOOL"), c->conf.spool },
		{ STR("SOCKET"), s->socket },
		{ STR("WORKER"), worker },
		{ STR("SETTINGS"), settings(c) },
	};
	struct str		text = str_of(template), name;
	struct buf		b;
	size_t			i;
	enum err		e;

	if ((e = check_quoted(c, s, worker)) != OK)
		return e;
	buf_init(&b, c->cx->mem, CONF_MAX);
	while (str_split(&text, '@', &name)) {
		buf_str(&b, name);
		if (!str_split(&text, '@', &name))
			break;
		for (i = 0; i < sizeof marks / sizeof marks[0]; i++)
			if (str_is(name, marks[i].name))
				buf_str(&b, marks[i].value);
	}
	*out = buf_as_str(&b);
	return OK;
}
