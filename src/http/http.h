/*
 * Requests and responses, as every front gives and takes them.  Knows neither
 * S3 nor lakeFS.
 *
 * The target is read from REQUEST_URI alone, raw: SCRIPT_NAME, PATH_INFO and
 * QUERY_STRING are normalised by web servers, each in its own way.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/stream.h"

struct cx;

enum method { M_GET, M_HEAD, M_PUT, M_POST, M_DELETE, M_PATCH, M_OPTIONS,
	M_OTHER };

/* A body as a front has it. */
struct front_body {
	struct source	 in;
	/* Can a truncated body be detected?  FastCGI reports an error; under
	 * CGI a truncated body looks complete. */
	bool		 truncation_shows;
	/* From now on reading fails once ms have passed; 0: no such end. */
	void		(*hurry)(void *self, int64_t ms);
};

/* An internet address; one of IPv4 as ::ffff:192.0.2.7. */
struct address {
	unsigned char	bytes[16];
};

/* Who sent a request, as far as that is known. */
struct client {
	bool		known;		/* address is the client's own */
	bool		near;		/* of this machine, and no proxy's */
	struct address	address;
	struct str	name;		/* the address, or "-", for logs */
};

struct request {
	enum method	 method;
	struct str	 method_name;
	struct str	 raw_path, raw_query;	/* as sent */
	struct str	 path;			/* decoded once */
	struct pair	*query;			/* decoded, as sent in order */
	size_t		 n_query;
	struct pair	*headers;		/* names in lower case, "-" */
	size_t		 n_headers;
	struct str	 host;			/* as sent */
	struct str	 remote;		/* peer, as the server says */
	struct client	 client;		/* see client_find */
	bool		 https;
	bool		 is_apache;
	bool		 drops_empty;	/* the server, headers without value */
	bool		 by_server;	/* LAKEGATE_SENDFILE: see send_opts */
	bool		 is_http2;
	bool		 has_length;	/* length of the body is known */
	bool		 truncation_shows; /* see struct front_body */
	uint64_t	 length;
	struct source	 body;	/* exactly length bytes, or fails */
	uint64_t	 body_read;
};

/* What the log and the audit log say of a request.  Who handles it fills it;
 * its strings last as long as the request. */
struct request_note {
	const char	*protocol, *operation;	/* "-": none */
	struct str	 user, key_id, repo, ref, path;
	struct str	*deleted;	/* paths, where one request has many */
	size_t		 n_deleted;
};

/* As it stands in a request: "GET"; "" for M_OTHER. */
struct str	request_method_name(enum method m);
/*
 * A request from the variables of CGI (NAME=value …), which must last as long
 * as it.  E_BAD_REQUEST; E_INCOMPLETE_BODY when the web server passes on less
 * than the client sent.
 */
enum err	request_from_env(struct cx *cx, char **env,
		    const struct front_body *body, struct request *out);
/* The value of a header, by its name in lower case; "" with p NULL when it was
 * not sent. */
struct str	request_header(const struct request *req, const char *name);
/* The first query parameter of this name, or NULL. */
struct pair	*request_query(const struct request *req, const char *name);
/* Its value, "" with p NULL when it is absent. */
struct str	request_param(const struct request *req, const char *name);

/* An address, and no name of a host; false: text is none. */
bool		address_parse(struct str text, struct address *out);
/* As it is written, in the memory of cx. */
struct str	address_text(struct cx *cx, const struct address *a);
/* The part that one customer usually has: the address, of IPv6 the /64.  A
 * slice of the bytes of a. */
struct str	address_network(const struct address *a);

/* The proxies that are trusted to say for whom they ask. */
struct proxies;
/*
 * Addresses and networks, separated by spaces; "unix": whoever comes through a
 * socket file; or "none": there is no proxy, whatever a header says.  E_CONF.
 */
enum err	proxies_parse(struct cx *cx, struct str text,
		    struct proxies **out);
/*
 * Fill req->client.  When the peer is a trusted proxy, the client is the last
 * address in X-Forwarded-For (or in Forwarded, where that header is absent)
 * that is not a trusted proxy.  When another peer sends such a header the
 * client is not known: the peer may be a proxy that the settings do not name.
 */
void		client_find(struct cx *cx, const struct proxies *p,
		    struct request *req);

/* Bytes of all header lines together, and of one: Apache answers 500 to a line
 * of 8190. */
enum { RESPONSE_HEADERS = 60 * 1024, RESPONSE_LINE = 8100 };

struct response {
	int			 status;
	struct buf		 headers;	/* formatted lines */
	struct str		 type;		/* Content-Type, as it goes */
	struct str		 disposition;	/* Content-Disposition */
	bool			 has_policy;	/* Content-Security-Policy */
	struct str		 body;		/* bytes, or a source: */
	struct source		 source;
	uint64_t		 length;	/* of either */
	bool			 has_source;
	const struct file_span	*files;		/* the same as the source */
	size_t			 n_files;
	bool			 is_head;	/* the body is not sent */
};

/* An empty answer, whose parts lie in the memory of cx. */
void		response_init(struct response *res, struct cx *cx);
/*
 * May this be a header?  The name is a token, and the value has no control
 * characters but tabs.  [RFC 9110 5.5, 5.6.2]
 */
bool		header_is_legal(struct str name, struct str value);
/*
 * The text of a value with encoded words, =?charset?encoding?text?=, in the
 * memory of cx: UTF-8, US-ASCII and ISO-8859-1, B and Q.  What is none of
 * these, or would be no legal header, stays as it is.  [RFC 2047]
 */
struct str	header_decode(struct cx *cx, struct str value);
/* The other way: value itself where it is ASCII that no decoder would change,
 * else encoded words of UTF-8; what is not UTF-8 stays as it is. */
struct str	header_encode(struct cx *cx, struct str value);
/* Add a whole line, or none when it is not legal or over the limits above.  The
 * value must last until the answer is sent. */
void		response_header(struct response *res, const char *name,
		    struct str value);
/*
 * What every answer tells a browser: not to guess at types, and to keep a page
 * that could run scripts away from this origin, unless it is saved as a file or
 * the host serves nothing else (own_host).
 */
void		response_guard(struct response *res, bool own_host);
/* Status and a body in memory, which must last until it is sent; type may be
 * NULL. */
void		response_body(struct response *res, int status,
		    const char *type, struct str body);
/* Another body instead, of another type; status and other headers stay. */
void		response_replace(struct cx *cx, struct response *res,
		    const char *type, struct str body);
/* A body of length bytes from a source. */
void		response_source(struct response *res,
		    const struct source *src, uint64_t length);

/* A byte span of an object of size bytes. */
struct span {
	bool		partial;
	uint64_t	off, len;
};

/* The body will be this part of so many bytes: its length and, where it is not
 * the whole, status 206 and Content-Range.  [RFC 9110 14.4] */
void		response_span(struct cx *cx, struct response *res,
		    const struct span *part, uint64_t size);
/* Of a 416: how many bytes there are to ask for. */
void		response_no_span(struct cx *cx, struct response *res,
		    uint64_t size);

/* Where a front writes; E_STORE when the client has gone. */
struct sink {
	enum err	(*write)(struct cx *cx, void *self, const void *p,
			    size_t n);
	void		*self;
	/* Would writing SINK_PIECE bytes wait for the client?  Not before
	 * that time, in us.  NULL: it may wait, nobody else needs anything. */
	bool		(*waits)(void *self, int64_t until);
};
enum { SINK_PIECE = 16 * 1024 };

/*
 * lighttpd's X-Sendfile2 takes spans of files and keeps status and headers.
 * What other servers have for this does not: Apache's evaluates conditions
 * again and leaks the path with a 206, nginx's drops x-amz-meta-*.
 */
struct send_opts {
	bool		 by_server;	/* X-Sendfile2 is on for all requests */
	uint64_t	 least;		/* bytes; smaller bodies are written */
};

/*
 * Status, headers, body; *sent counts body bytes.  Of a body in memory that is
 * counted (base/budget.h), *rest is what a client that is waited for did not
 * take: the caller sends it, and holds no memory for it.
 */
enum err	response_send(struct cx *cx, const struct request *req,
		    const struct response *res, const struct send_opts *opt,
		    const struct sink *out, uint64_t *sent, struct str *rest);
/* Bytes of a source, up to length of them in all with the *sent that went. */
enum err	response_send_source(struct cx *cx, const struct source *src,
		    uint64_t length, const struct sink *out, uint64_t *sent);

/* One request through a front: read from env and body, write to out. */
typedef void	serve_fn(void *arg, char **env, const struct front_body *body,
		    const struct sink *out);

/*
 * Who serves, and how many at once; DESIGN says how slow clients are dealt
 * with.  With one thread the requests at work are counted in the file slots,
 * for as many processes.
 */
struct front_opts {
	unsigned	 threads;
	unsigned	 processes;
	const char	*slots;
	serve_fn	*serve;
	void		(*idle)(void *arg);	/* may be NULL */
	void		*arg;
};

/*
 * FastCGI: threads accept until a SIGTERM or SIGUSR1; requests at work end
 * first (at most 30 s).  idle runs after each answer, when its connection is
 * closed.  fd is the listening socket; it is made non-blocking.
 */
enum err	front_fcgi_run(struct cx *cx, int fd,
		    const struct front_opts *opt);
/*
 * A socket for front_fcgi_run at path, with these permissions; what an ended
 * process left there is replaced.  E_BAD_ARGUMENT: one answers there, or the
 * folder does not allow it.
 */
enum err	front_fcgi_listen(struct cx *cx, const char *path,
		    unsigned mode, int *fd);
/* Plain CGI: this process is one request. */
enum err	front_cgi_run(struct cx *cx, char **env,
		    const struct front_opts *opt);
/* Was this process started as a CGI program, and not as a FastCGI one? */
bool		front_is_cgi(void);

/*
 * multipart/form-data, part by part, as it comes.  [RFC 7578]  Heads of parts
 * are bounded, and how many there are.
 */
struct form;
struct form_part {
	struct str	name;
	struct str	filename, type;		/* p NULL: not said */
};
/* Is the body of this request such a form? */
bool		form_is_sent(const struct request *req);
/* Begin to read it; E_BAD_REQUEST, E_INCOMPLETE_BODY. */
enum err	form_open(struct cx *cx, const struct request *req,
		    struct form **out);
/* The next part, stepping over what is left of the one before; *there is false
 * at the end.  Names are in the memory of cx.  The same errors. */
enum err	form_next(struct cx *cx, struct form *f,
		    struct form_part *out, bool *there);
/* The content of the part at hand, until the next form_next. */
struct source	form_content(struct form *f);

/*
 * A Range header.  [RFC 9110 14]  One range is honoured; several, or a
 * malformed one, mean the whole object.  E_BAD_RANGE past the end.
 */
enum err	span_parse(struct cx *cx, struct str range, uint64_t size,
		    struct span *out);

#endif
