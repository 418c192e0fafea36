/* What the files of app share. */
#ifndef APP_APP_INSIDE_H
#define APP_APP_INSIDE_H

#include "api/api.h"
#include "app/app.h"
#include "http/http.h"
#include "s3/s3.h"

struct app {
	struct conf		 conf;
	struct kv		*kv;
	struct block		*block;
	struct engine		*eng;
	struct auth		*auth;
	struct s3_opts		 s3;
	struct api_opts		 api;
	struct send_opts	 send;
	struct proxies		*proxies;
	struct arena		*mem;		/* of the settings */
	bool			 access_log;
};

/* The file of the master key: the setting, else the lake's own.  In the
 * context's memory or the settings'. */
struct str	app_master_path(struct cx *cx, const struct conf *c);
/* The audit log of the settings, where they name one.  The file's name is kept
 * in cx->mem.  E_CONF: it cannot be written. */
enum err	app_audit_open(struct cx *cx, const struct conf *c);

/* The counters of the file at path, requests by the operations of both
 * protocols; once. */
enum err	app_metrics_open(struct cx *cx, const char *path);

/* Of all paths of ours the one that signatures reach, too? */
bool		app_own_is_metrics(const struct request *req);
/* Answer a path that is neither protocol's; false: it is not one of them. */
bool		app_own_answer(struct cx *cx, struct app *a,
		    struct request *req, struct response *res);

/* Of a failure that a person reads in a browser: another body, a page. */
void		app_page(struct cx *cx, const struct request *req,
		    struct response *res);
/* Answer /favicon.ico and /robots.txt, which no repository can be; false: it
 * is another path. */
bool		app_page_file(struct cx *cx, const struct request *req,
		    struct response *res);

struct app_sent {			/* what was answered */
	int		status;
	uint64_t	bytes;		/* of the body */
	int64_t		us;		/* that the request took */
};
/* A line of the log: the request, its answer, and its failure in cx. */
void		app_log_request(struct cx *cx, const struct request *req,
		    const struct request_note *note,
		    const struct app_sent *sent);
/* To call before the answer goes: a change that somebody knows of has its
 * line, one for each path. */
void		app_log_audit(struct cx *cx, const struct request *req,
		    const struct request_note *note, int status);

/* Refused, with the chmod line to type: a lake whose folder or files others
 * than its owner may use, but for a group in blocks/. */
enum err	modes_check(struct cx *cx, const char *dir);
/* The same for a folder that is to be a lake; it must be ours.  Absent: OK. */
enum err	modes_check_new(struct cx *cx, const char *dir);
/* A master key, wherever it lies: a group may read it, others may not. */
enum err	modes_check_key(struct cx *cx, const char *path);

#endif
