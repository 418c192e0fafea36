/* Opening and making lakes. */
#include "app/app_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/auth.h"
#include "base/budget.h"
#include "base/buf.h"
#include "base/fileio.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/spool.h"
#include "base/vec.h"
#include "block/block.h"
#include "engine/engine.h"
#include "kv/kv.h"
#include "upkeep/upkeep.h"

struct str
app_master_path(struct cx *cx, const struct conf *c)
{
	return c->master_key.n > 0 ? c->master_key :
	    str_printf(cx->mem, "%.*s/master.key", STRF(c->lake));
}

static bool
is_relaxed(const struct conf *c)
{
	return str_is(c->durability, STR("relaxed"));
}

static void
take_options(struct app *a)
{
	const struct conf	*c = &a->conf;
	struct str		 rest = c->s3_domains, one;
	VEC(struct str)		 domains = { 0 };

	while (str_split(&rest, ' ', &one))
		if (one.n > 0)
			*VEC_PUSH(a->mem, &domains) = one;
	a->s3 = (struct s3_opts){ .region = c->region,
	    .only_region = str_is(c->region_strict, STR("on")) ? c->region :
	    STR(""), .domains = domains.at, .n_domains = domains.n,
	    .account = c->account, .disk_encrypted = str_is(c->disk_encrypted,
	    STR("on")) };
	a->api = (struct api_opts){ .version = c->api_version,
	    .setup = str_is(c->setup, STR("on")),
	    .sample_data = c->sample_data.n > 0 ? c->sample_data :
	    STR(SAMPLE_PATH) };
	a->send.by_server = str_is(c->sendfile, STR("lighttpd"));
	a->send.least = (uint64_t)c->sendfile_least;
	a->access_log = str_is(c->access_log, STR("on"));
	log_set_level(c->log);
	budget_init((size_t)c->memory);
}

static enum err
open_engine(struct cx *cx, struct app *a)
{
	const struct conf	*c = &a->conf;
	struct kv_sqlite_opts	 kv = { .relaxed = is_relaxed(c) };
	struct engine_opts	 o;
	char			*dir = str_z(a->mem, c->lake);
	enum err		 e;

	if ((e = kv_sqlite_open(cx, dir, &kv, &a->kv)) != OK ||
	    (e = block_file_open(cx, dir, false, &a->block)) != OK)
		return e;
	engine_defaults(&o);
	o.inline_max = (size_t)c->inline_max;
	o.cache_bytes = (size_t)c->node_cache;
	o.area_rows = (size_t)c->area_rows;
	o.area_tombs = (size_t)c->area_tombstones;
	o.dir = dir;
	o.reserve = (uint64_t)c->reserve;
	o.spool = c->spool.n > 0 ? str_z(a->mem, c->spool) : NULL;
	a->eng = engine_open(a->kv, a->block, &o);
	spool_init(str_printf(a->mem, "%s/tmp", dir).p, o.reserve);
	return OK;
}

/* What a stranger sends must not fill the lake's own folder. */
static enum err
check_spool(struct cx *cx, const struct conf *c)
{
	struct str	inside = str_printf(cx->mem, "%.*s/", STRF(c->lake));

	if (!str_starts(c->spool, inside) && !str_is(c->spool, c->lake))
		return OK;
	return fail(cx, E_CONF, "spool = %.*s lies in the lake: give a folder "
	    "outside, best on another disk", STRF(c->spool));
}

static enum err
check_account(struct cx *cx, const struct conf *c)
{
	uint64_t	n;

	if (c->account.n == 0 || (c->account.n == 12 && str_u64(c->account,
	    UINT64_MAX, &n)))
		return OK;
	return fail(cx, E_CONF, "account = %.*s: give 12 digits, or nothing",
	    STRF(c->account));
}

enum err
app_audit_open(struct cx *cx, const struct conf *c)
{
	if (c->audit_log.n == 0)
		return OK;
	return log_open_audit(cx, str_z(cx->mem, c->audit_log));
}

/* Is there a lake, closed to others? */
static enum err
lake_check(struct cx *cx, const struct conf *c)
{
	enum err	e;

	if (c->lake.n == 0)
		return fail(cx, E_CONF, "no lake is set: give the setting "
		    "\"lake\", in a file or as LAKEGATE_LAKE, or --lake DIR");
	if (access(str_z(cx->mem, c->lake), X_OK) != 0 && errno == EACCES)
		return fail(cx, E_CONF, "%.*s cannot be opened by this user: "
		    "run lakegate as its owner", STRF(c->lake));
	if (!file_is_plain(str_printf(cx->mem, "%.*s/meta.db",
	    STRF(c->lake)).p))
		return fail(cx, E_CONF, "%.*s is not a lake: make one with "
		    "`lakegate init`", STRF(c->lake));
	if ((e = check_account(cx, c)) != OK ||
	    (e = check_spool(cx, c)) != OK ||
	    (e = modes_check(cx, str_z(cx->mem, c->lake))) != OK)
		return e;
	return modes_check_key(cx, str_z(cx->mem, app_master_path(cx, c)));
}

enum err
app_open(struct cx *cx, const struct conf *c, struct app **out)
{
	struct app	*a;
	enum err	 e;

	if ((e = lake_check(cx, c)) != OK)
		return e;
	if ((a = calloc(1, sizeof *a)) == NULL)
		abort();
	a->mem = arena_new();
	a->conf = *c;
	file_set_relaxed(is_relaxed(c));
	take_options(a);
	if ((e = app_audit_open(cx, c)) != OK ||
	    (e = app_metrics_open(cx, str_printf(cx->mem, "%.*s/metrics",
	    STRF(c->lake)).p)) != OK || (e = open_engine(cx, a)) != OK ||
	    (e = proxies_parse(cx, c->trusted_proxies, &a->proxies)) != OK) {
		app_close(a);
		return e;
	}
	*out = a;
	return OK;
}

enum err
app_upgrade(struct cx *cx, const struct conf *c, struct app_upgraded *out)
{
	struct kv_sqlite_upgrade	up = { .fn = upgrade_records,
	    .arg = &out->repositories };
	enum err			e;

	out->repositories = 0;
	if ((e = lake_check(cx, c)) != OK ||
	    (e = app_audit_open(cx, c)) != OK ||
	    (e = kv_sqlite_upgrade(cx, str_z(cx->mem, c->lake), &up)) != OK)
		return e;
	out->from = up.from;
	out->to = up.to;
	return OK;
}

/* A line of the audit log, as of the command. */
static void
upgrade_audit(struct cx *cx, const struct conf *c,
    const struct app_upgraded *u)
{
	struct buf	b;

	log_line(LOG_INFO, "upgrade from=%d to=%d repositories=%llu", u->from,
	    u->to, (unsigned long long)u->repositories);
	buf_init(&b, cx->mem, 8 * 1024);
	buf_printf(&b, "id=%s protocol=start", cx->id);
	log_value(&b, "op", STR("upgrade"));
	log_value(&b, "what", c->lake);
	log_audit(cx, buf_as_str(&b));
}

enum err
app_open_upgraded(struct cx *cx, const struct conf *c, struct app **out)
{
	struct app_upgraded	u;
	enum err		e;

	if ((e = app_open(cx, c, out)) != E_FORMAT ||
	    (e = app_upgrade(cx, c, &u)) != OK)
		return e;
	if (u.from != u.to)
		upgrade_audit(cx, c, &u);
	return app_open(cx, c, out);
}

enum err
app_open_auth(struct cx *cx, struct app *a)
{
	const struct auth_opts	opt = { str_z(cx->mem, app_master_path(cx,
	    &a->conf)), a->conf.session };
	enum err		e;

	if ((e = auth_open(cx, a->kv, &opt, &a->auth)) != OK)
		return e;
	auth_count_failures(a->auth, str_printf(a->mem, "%.*s/failures",
	    STRF(a->conf.lake)).p, str_is(a->conf.failures,
	    STR("refuse")));
	return OK;
}

static char *
rekey_lock(struct cx *cx, const struct conf *c)
{
	return str_z(cx->mem, str_printf(cx->mem, "%.*s/rekey.lock",
	    STRF(c->lake)));
}

enum err
app_backup(struct cx *cx, struct app *a, struct backup_opts *opt,
    struct backup_report *out)
{
	const struct conf	*c = &a->conf;

	file_set_relaxed(false);
	opt->lake = str_z(cx->mem, c->lake);
	opt->master = str_z(cx->mem, app_master_path(cx, c));
	opt->rekey = rekey_lock(cx, c);
	opt->reserve = (uint64_t)c->reserve;
	return backup_run(cx, a->eng, opt, out);
}

enum err
app_rekey(struct cx *cx, const struct conf *c, bool lost,
    struct rekey_report *r)
{
	const struct kv_sqlite_opts	 durable = { .relaxed = false };
	struct rekey_opts		 opt = { .lost = lost };
	struct kv			*kv;
	enum err			 e;

	if ((e = lake_check(cx, c)) != OK ||
	    (e = app_audit_open(cx, c)) != OK ||
	    (e = kv_sqlite_open(cx, str_z(cx->mem, c->lake), &durable,
	    &kv)) != OK)
		return e;
	opt.master = str_z(cx->mem, app_master_path(cx, c));
	opt.lock = rekey_lock(cx, c);
	e = auth_rekey(cx, kv, &opt, r);
	kv_close(kv);
	return e;
}

void
app_close(struct app *a)
{
	if (a == NULL)
		return;
	auth_close(a->auth);
	engine_close(a->eng);
	block_close(a->block);
	kv_close(a->kv);
	arena_free(a->mem);
	free(a);
}

struct engine *
app_engine(struct app *a)
{
	return a->eng;
}

struct auth *
app_auth(struct app *a)
{
	return a->auth;
}
