/* One process's application: settings, open lake, and a request's handling. */
#ifndef APP_APP_H
#define APP_APP_H

#include <stdbool.h>

#include "app/conf.h"
#include "base/cx.h"

struct app;
struct auth;
struct backup_opts;
struct backup_report;
struct engine;
struct front_body;
struct cred_key;
struct rekey_report;
struct restore_opts;
struct restore_report;
struct sink;

/*
 * Open the lake that the settings name, and keep a copy of them: their strings
 * must outlive *out.  E_CONF, with what to do: there is no lake, or others may
 * use it; E_FORMAT, the same: its format is not this program's; E_STORE,
 * E_CORRUPT.
 */
enum err	app_open(struct cx *cx, const struct conf *c,
		    struct app **out);
/* The same for what serves a lake for long: one of an older format is upgraded
 * first. */
enum err	app_open_upgraded(struct cx *cx, const struct conf *c,
		    struct app **out);

struct app_upgraded {
	int		from, to;	/* equal: there was nothing to do */
	uint64_t	repositories;
};
/*
 * Give the lake this program's format, durably, beside whatever uses it; older
 * programs that still run then fail.  Killed at any time it has its old format
 * or the new one.  E_FORMAT: its format is newer; E_BUSY: its turn to write did
 * not come; E_CONF, E_STORE, E_DISK_FULL, E_CORRUPT.
 */
enum err	app_upgrade(struct cx *cx, const struct conf *c,
		    struct app_upgraded *out);
/* Close all of it and free a; a may be NULL. */
void		app_close(struct app *a);
/* Open its users and keys: that needs the master key.  E_CONF, E_STORE. */
enum err	app_open_auth(struct cx *cx, struct app *a);
/* The open lake; it belongs to a. */
struct engine	*app_engine(struct app *a);
/* Its users and keys; NULL: not opened. */
struct auth	*app_auth(struct app *a);

struct app_first {			/* the first key; "": drawn */
	struct str	user, id, secret;
	bool		none;		/* no key */
	/* Tell it: the lake is not there yet, and does not come to be if this
	 * fails. */
	enum err	(*tell)(struct cx *cx, const struct cred_key *key);
};
/*
 * Make a new lake: folder, database, master key, first key; what fails leaves
 * everything as it was.  The folder may exist, when it is the caller's and
 * closed to others.  With a group its members may read blocks/ (a web server
 * that sends objects by itself); without it is NULL.  E_CONF: it is a lake
 * already, or cannot become one; E_BAD_NAME, E_BAD_ARGUMENT: see
 * cred_key_check; E_STORE, E_DISK_FULL.
 */
enum err	app_create(struct cx *cx, const struct conf *c,
		    const unsigned *group, const struct app_first *first);
/*
 * Make a lake of the backup opt->from, in a folder that is empty or absent, as
 * app_create makes one; the rest of opt but lake and draft is the caller's.
 * E_CONF, and what restore_run gives.
 */
enum err	app_restore(struct cx *cx, const struct conf *c,
		    struct restore_opts *opt, struct restore_report *out);
/* backup_run on an open lake: opt has to, with_key and progress.  From here on
 * this process syncs what it writes, whatever the settings say. */
enum err	app_backup(struct cx *cx, struct app *a,
		    struct backup_opts *opt, struct backup_report *out);
/* auth_rekey on the lake of these settings, which need not be open. */
enum err	app_rekey(struct cx *cx, const struct conf *c, bool lost,
		    struct rekey_report *r);

/* A serve_fn of front_opts: one request from its variables to the last byte. */
void		app_serve(void *app, char **env, const struct front_body *body,
		    const struct sink *out);
/* The idle of front_opts: what requests left to be done, in one bounded
 * slice. */
void		app_idle(void *app);

#endif
