/* One process's application: settings, open lake, and a request's handling. */
#ifndef APP_APP_H
#define APP_APP_H

#include "app/conf.h"
#include "base/cx.h"

struct app;
struct auth;
struct engine;
struct front_body;
struct sink;

/* Open what the settings name. */
enum err	app_open(struct cx *cx, const struct conf *c,
		    struct app **out);
void		app_close(struct app *a);
struct engine	*app_engine(struct app *a);
struct auth	*app_auth(struct app *a);

/* Make a new lake: folder, database, master key.  The folder may exist, when it
 * is the caller's and closed to others.  With a group its members may read
 * blocks/ (a web server that sends objects by itself); without it is NULL. */
enum err	app_create(struct cx *cx, const struct conf *c,
		    const unsigned *group);

/* A serve_fn: one request from its variables to the last byte. */
void		app_serve(void *app, char **env, const struct front_body *body,
		    const struct sink *out);
/* What requests left to be done, in one bounded slice. */
void		app_idle(void *app);

#endif
