/*
 * What a person sees who opens an address in a browser: a failure as a page
 * that says what happened and where to go on, and the small files that browsers
 * and robots ask of every server.  Programs get none of it.
 */
#include "app/app_inside.h"

#include <string.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/fault.h"

enum { PAGE_MAX = 64 * 1024 };

/* ---- failures ---------------------------------------------------------- */

/* Nothing of the page runs, and nothing but the icon is fetched. */
static const struct str	page_csp = STR_INIT("sandbox; default-src "
    "'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'");

static const char	page_head[] = "<!DOCTYPE html>\n"
    "<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\">"
    "<style>body{font:1em/1.5 sans-serif;max-width:42em;"
    "margin:3em auto;padding:0 1em}code,pre{background:#eee;color:#111;"
    "overflow-wrap:anywhere;white-space:pre-wrap}small{color:#666}"
    "</style><title>";

static const struct {
	int		 status;
	const char	*title, *next;
} pages[] = {
	{ 401, "A key is needed", NULL },
	{ 403, "Not allowed", NULL },
	{ 404, "Not found", "An address of an object is <code>/repository/"
	    "branch/path</code>, with a tag or the id of a commit in the place "
	    "of the branch where you like. Was it deleted, or is a letter of "
	    "another case?" },
	{ 405, "Not possible here", NULL },
	{ 416, "No such part", NULL },
	{ 429, "Too many failures", "Wait a minute, and try again." },
	{ 501, "Not implemented", NULL },
	{ 503, "Too busy", "Wait a moment, and load this page again." },
};

static const char	page_use[] = "Programs read and write here by the "
    "protocol S3, or the REST API of lakeFS under <code>/api/v1</code>. They "
    "need an access key, which who runs this server gives you. With it, for "
    "example:";

/* Who asks by a browser says that it reads HTML; no client of S3 does, and one
 * that signs in a header is none. */
static bool
page_is_wanted(const struct request *req, const struct response *res)
{
	return res->status >= 400 && req->method == M_GET &&
	    request_header(req, "authorization").n == 0 &&
	    str_has(request_header(req, "accept"), STR("text/html"));
}

/* What a client, or whoever made a link, has a part in. */
static void
page_put(struct buf *b, struct str text)
{
	if (fault_skip("HTML_ESCAPE"))
		buf_str(b, text);
	else
		enc_xml(b, text);
}

static void
page_put_next(struct buf *b, const struct request *req, const char *next)
{
	buf_z(b, "<p>");
	if (next != NULL) {
		buf_z(b, next);
		buf_z(b, "</p><p>");
	}
	buf_z(b, page_use);
	buf_printf(b, "</p><pre>aws --endpoint-url %s://",
	    req->https ? "https" : "http");
	page_put(b, req->host);
	buf_z(b, " s3 ls</pre>");
	if (!str_is(req->raw_path, STR("/")))
		buf_z(b, "<p><a href=\"/\">The start of this server</a></p>");
}

void
app_page(struct cx *cx, const struct request *req, struct response *res)
{
	const char	*title = "Something is wrong", *next = NULL;
	struct buf	 b;
	size_t		 i;

	if (!page_is_wanted(req, res))
		return;
	for (i = 0; i < sizeof pages / sizeof pages[0]; i++)
		if (pages[i].status == res->status) {
			title = pages[i].title;
			next = pages[i].next;
		}
	buf_init(&b, cx->mem, PAGE_MAX);
	buf_z(&b, page_head);
	buf_printf(&b, "%s</title></head><body><h1>%s</h1><p>", title, title);
	page_put(&b, cx->code != OK ? str_of(cx_public(cx)) :
	    STR("There is nothing at this address."));
	buf_z(&b, "</p>");
	page_put_next(&b, req, next);
	buf_printf(&b, "<p><small>lakegate, status %d, request %s</small></p>"
	    "</body></html>\n", res->status, cx->id);
	if (!buf_ok(&b))
		return;			/* it stays as programs have it */
	response_replace(cx, res, "text/html; charset=utf-8", buf_as_str(&b));
	response_header(res, "Content-Security-Policy", page_csp);
	response_header(res, "Cache-Control", STR("no-store"));
	response_header(res, "Vary", STR("Accept"));
}

/* ---- what browsers and robots ask for ---------------------------------- */

enum { SIDE = 16, ICON_HEAD = 6 + 16 + 40 + 8, ICON_ROWS = SIDE * 4 };

/* A gate over water, a bit a pixel. */
static const uint16_t	icon_rows[SIDE] = {
	0x0000, 0x3ffc, 0x3ffc, 0x300c, 0x36ec, 0x36ec, 0x36ec, 0x36ec,
	0x36ec, 0x36ec, 0x300c, 0x0000, 0x6666, 0x9999, 0x6666, 0x9999,
};

/* One image of one bit a pixel, with its palette: white and blue. */
static const unsigned char	icon_head[ICON_HEAD] = {
	0, 0, 1, 0, 1, 0,
	SIDE, SIDE, 2, 0, 1, 0, 1, 0, 40 + 8 + 2 * ICON_ROWS, 0, 0, 0, 22, 0,
	0, 0,
	40, 0, 0, 0, SIDE, 0, 0, 0, 2 * SIDE, 0, 0, 0, 1, 0, 1, 0,
	0, 0, 0, 0, 2 * ICON_ROWS, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	2, 0, 0, 0, 2, 0, 0, 0,
	0xff, 0xff, 0xff, 0, 0xb0, 0x60, 0x10, 0,
};

/* Rows come from the lowest up, each in four bytes, then the mask: what is not
 * drawn is transparent. */
static struct str
icon(struct cx *cx)
{
	unsigned char	*p = arena_get(cx->mem, ICON_HEAD + 2 * ICON_ROWS);
	unsigned char	*row = p + ICON_HEAD;
	uint16_t	 bits;
	size_t		 i;

	memcpy(p, icon_head, ICON_HEAD);
	for (i = 0; i < SIDE; i++) {
		bits = icon_rows[SIDE - 1 - i];
		row[4 * i] = (unsigned char)(bits >> 8);
		row[4 * i + 1] = (unsigned char)bits;
		row[ICON_ROWS + 4 * i] = (unsigned char)(~bits >> 8);
		row[ICON_ROWS + 4 * i + 1] = (unsigned char)~bits;
	}
	return (struct str){ (char *)p, ICON_HEAD + 2 * ICON_ROWS };
}

bool
app_page_file(struct cx *cx, const struct request *req, struct response *res)
{
	if (req->method != M_GET && req->method != M_HEAD)
		return false;
	if (str_is(req->path, STR("/robots.txt")))
		response_body(res, 200, "text/plain",
		    STR("User-agent: *\nDisallow: /\n"));
	else if (str_is(req->path, STR("/favicon.ico")))
		response_body(res, 200, "image/x-icon", icon(cx));
	else
		return false;
	response_header(res, "Cache-Control", STR("max-age=86400"));
	res->is_head = req->method == M_HEAD;
	return true;
}
