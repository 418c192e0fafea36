# Sources, by folder; a folder's layer is in tests/lint/layers.
liblakegate_a_SOURCES = \
	src/api/api.h \
	src/api/api_answer.c \
	src/api/api_call.h \
	src/api/api_commits.c \
	src/api/api_config.c \
	src/api/api_content.c \
	src/api/api_diff.c \
	src/api/api_error.c \
	src/api/api_handle.c \
	src/api/api_login.c \
	src/api/api_merge.c \
	src/api/api_objects.c \
	src/api/api_refs.c \
	src/api/api_repos.c \
	src/api/api_route.c \
	src/api/api_sample.c \
	src/api/api_setup.c \
	src/api/api_take.c \
	src/app/app.c \
	src/app/app.h \
	src/app/app_inside.h \
	src/app/app_log.c \
	src/app/app_own.c \
	src/app/app_page.c \
	src/app/conf.c \
	src/app/conf.def \
	src/app/conf.h \
	src/app/create.c \
	src/app/handle.c \
	src/app/modes.c \
	src/auth/auth.c \
	src/auth/auth.h \
	src/auth/auth_failed.c \
	src/auth/auth_inside.h \
	src/auth/cookie.c \
	src/auth/cred.c \
	src/auth/cred_record.c \
	src/auth/failure.c \
	src/auth/failure.h \
	src/auth/master.c \
	src/auth/rekey.c \
	src/auth/signer.c \
	src/auth/token.c \
	src/auth/verify.c \
	src/auth/verify_api.c \
	src/auth/verify_v2.c \
	src/auth/verify_v4.c \
	src/base/arena.c \
	src/base/arena.h \
	src/base/banned.h \
	src/base/budget.c \
	src/base/budget.h \
	src/base/buf.c \
	src/base/buf.h \
	src/base/cx.c \
	src/base/cx.h \
	src/base/digest.c \
	src/base/digest.h \
	src/base/enc.c \
	src/base/enc.h \
	src/base/err.def \
	src/base/err.h \
	src/base/fault.c \
	src/base/fault.h \
	src/base/filecopy.c \
	src/base/filecopy.h \
	src/base/fileio.c \
	src/base/fileio.h \
	src/base/ident.c \
	src/base/ident.h \
	src/base/json.c \
	src/base/json.h \
	src/base/limit.def \
	src/base/limit.h \
	src/base/log.c \
	src/base/log.h \
	src/base/metric.c \
	src/base/metric.def \
	src/base/metric.h \
	src/base/secret.c \
	src/base/secret.h \
	src/base/spool.c \
	src/base/spool.h \
	src/base/str.c \
	src/base/str.h \
	src/base/stream.c \
	src/base/stream.h \
	src/base/vec.c \
	src/base/vec.h \
	src/base/when.c \
	src/base/when.h \
	src/base/xml.c \
	src/base/xml.h \
	src/block/block.c \
	src/block/block.h \
	src/block/block_file.c \
	src/block/block_mem.c \
	src/engine/actions.c \
	src/engine/actions.h \
	src/engine/area.c \
	src/engine/area.h \
	src/engine/body.c \
	src/engine/body.h \
	src/engine/branches.c \
	src/engine/branches.h \
	src/engine/commit.c \
	src/engine/commit.h \
	src/engine/commit_log.c \
	src/engine/diff.c \
	src/engine/disk.c \
	src/engine/disk.h \
	src/engine/engine.c \
	src/engine/engine.h \
	src/engine/engine_inside.h \
	src/engine/fold.c \
	src/engine/fold.h \
	src/engine/listing.c \
	src/engine/listing.h \
	src/engine/merge.c \
	src/engine/merge_base.c \
	src/engine/merge_base.h \
	src/engine/merged.c \
	src/engine/merged.h \
	src/engine/namespace.c \
	src/engine/namespace.h \
	src/engine/object.c \
	src/engine/object_copy.c \
	src/engine/object_delete.c \
	src/engine/object_list.c \
	src/engine/object_read.c \
	src/engine/object_versions.c \
	src/engine/records.c \
	src/engine/records.h \
	src/engine/ref_list.c \
	src/engine/refs.c \
	src/engine/refs.h \
	src/engine/repos.c \
	src/engine/reset.c \
	src/engine/staged.c \
	src/engine/staged.h \
	src/engine/tags.c \
	src/engine/three.c \
	src/engine/three.h \
	src/engine/todo.c \
	src/engine/todo.h \
	src/engine/upgrade.c \
	src/engine/upload.c \
	src/engine/upload.h \
	src/engine/upload_complete.c \
	src/engine/upload_list.c \
	src/engine/upload_part.c \
	src/engine/upload_sums.c \
	src/engine/upload_sums.h \
	src/engine/versions.c \
	src/engine/versions.h \
	src/engine/view.c \
	src/engine/view.h \
	src/engine/walk.c \
	src/engine/walk.h \
	src/engine/write.c \
	src/engine/write.h \
	src/http/client.c \
	src/http/crew.c \
	src/http/crew.h \
	src/http/form.c \
	src/http/front_cgi.c \
	src/http/front_fcgi.c \
	src/http/header.c \
	src/http/http.h \
	src/http/pace.c \
	src/http/pace.h \
	src/http/request.c \
	src/http/response.c \
	src/http/slots.c \
	src/http/slots.h \
	src/http/span.c \
	src/kv/kv.c \
	src/kv/kv.h \
	src/kv/kv_group.c \
	src/kv/kv_group.h \
	src/kv/kv_mem.c \
	src/kv/kv_sqlite.c \
	src/kv/kv_sqlite_check.c \
	src/kv/kv_sqlite_check.h \
	src/kv/kv_sqlite_conn.c \
	src/kv/kv_sqlite_conn.h \
	src/kv/kv_sqlite_copy.c \
	src/kv/kv_sqlite_copy.h \
	src/kv/kv_sqlite_format.c \
	src/kv/kv_sqlite_format.h \
	src/kv/kv_sqlite_rows.c \
	src/kv/kv_sqlite_rows.h \
	src/kv/kv_sqlite_wal.c \
	src/kv/kv_sqlite_wal.h \
	src/lake/block_id.c \
	src/lake/block_id.h \
	src/lake/cond.c \
	src/lake/cond.h \
	src/lake/entry.c \
	src/lake/entry.h \
	src/lake/ids.c \
	src/lake/ids.h \
	src/lake/keys.c \
	src/lake/keys.h \
	src/lake/lakepath.c \
	src/lake/lakepath.h \
	src/lake/lifecycle.c \
	src/lake/lifecycle.h \
	src/lake/names.c \
	src/lake/names.h \
	src/lake/record.c \
	src/lake/record.h \
	src/lake/frontier.c \
	src/lake/frontier.h \
	src/lake/refexpr.c \
	src/lake/refexpr.h \
	src/lake/target.c \
	src/lake/target.h \
	src/net/sigv2.c \
	src/net/sigv2.h \
	src/net/sigv4.c \
	src/net/sigv4.h \
	src/s3/s3.h \
	src/s3/s3_already.c \
	src/s3/s3_body.c \
	src/s3/s3_body.h \
	src/s3/s3_bucket.c \
	src/s3/s3_call.h \
	src/s3/s3_chunked.c \
	src/s3/s3_chunked.h \
	src/s3/s3_config.c \
	src/s3/s3_config.h \
	src/s3/s3_cors.c \
	src/s3/s3_cors.h \
	src/s3/s3_delete.c \
	src/s3/s3_error.c \
	src/s3/s3_error.h \
	src/s3/s3_fixed.c \
	src/s3/s3_get.c \
	src/s3/s3_handle.c \
	src/s3/s3_lifecycle.c \
	src/s3/s3_list.c \
	src/s3/s3_marker.c \
	src/s3/s3_meta.c \
	src/s3/s3_meta.h \
	src/s3/s3_policy.c \
	src/s3/s3_policy.h \
	src/s3/s3_public_block.c \
	src/s3/s3_public_block.h \
	src/s3/s3_post.c \
	src/s3/s3_put.c \
	src/s3/s3_query.c \
	src/s3/s3_query.h \
	src/s3/s3_refuse.c \
	src/s3/s3_refuse.h \
	src/s3/s3_route.c \
	src/s3/s3_route.h \
	src/s3/s3_sums.c \
	src/s3/s3_sums.h \
	src/s3/s3_tagging.c \
	src/s3/s3_tags.c \
	src/s3/s3_tags.h \
	src/s3/s3_take.c \
	src/s3/s3_take.h \
	src/s3/s3_upload.c \
	src/s3/s3_upload.h \
	src/s3/s3_upload_list.c \
	src/s3/s3_xml.c \
	src/s3/s3_xml.h \
	src/tree/claim.c \
	src/tree/claim.h \
	src/tree/gc_state.c \
	src/tree/gc_state.h \
	src/tree/node.c \
	src/tree/node.h \
	src/tree/node_cache.c \
	src/tree/node_cache.h \
	src/tree/tree.c \
	src/tree/tree.h \
	src/tree/tree_build.c \
	src/tree/tree_diff.c \
	src/tree/tree_inside.h \
	src/upkeep/backup.c \
	src/upkeep/backup_folder.c \
	src/upkeep/backup_folder.h \
	src/upkeep/backup_sum.c \
	src/upkeep/backup_sum.h \
	src/upkeep/bloom.c \
	src/upkeep/bloom.h \
	src/upkeep/fsck.c \
	src/upkeep/fsck_ahead.c \
	src/upkeep/fsck_blocks.c \
	src/upkeep/fsck_bytes.c \
	src/upkeep/fsck_found.c \
	src/upkeep/fsck_inside.h \
	src/upkeep/fsck_namespaces.c \
	src/upkeep/fsck_records.c \
	src/upkeep/fsck_repair.c \
	src/upkeep/fsck_rows.c \
	src/upkeep/fsck_store.c \
	src/upkeep/fsck_walk.c \
	src/upkeep/gc.c \
	src/upkeep/gc_cycle.c \
	src/upkeep/gc_doom.c \
	src/upkeep/gc_inside.h \
	src/upkeep/gc_mark.c \
	src/upkeep/gc_sweep.c \
	src/upkeep/lease.c \
	src/upkeep/lease.h \
	src/upkeep/mark.c \
	src/upkeep/mark.h \
	src/upkeep/orphans.c \
	src/upkeep/orphans.h \
	src/upkeep/pile.c \
	src/upkeep/pile.h \
	src/upkeep/reap.c \
	src/upkeep/reap.h \
	src/upkeep/restore.c \
	src/upkeep/rows.c \
	src/upkeep/rows.h \
	src/upkeep/seen.c \
	src/upkeep/seen.h \
	src/upkeep/upkeep.h \
	src/upkeep/upload_age.c \
	src/upkeep/upload_age.h

# ---- programs and what is not compiled ------------------------------------
bin_PROGRAMS += lakegate
cgibin_PROGRAMS += lakegate.fcgi
lakegate_SOURCES = src/cli/cli.h src/cli/cli.c src/cli/cli_lake.c \
	src/cli/cli_lighttpd.c src/cli/cli_main.c src/cli/cli_program.c \
	src/cli/cli_secret.c src/cli/cli_worker.c src/cli/cmd_doctor.c \
	src/cli/cmd_auth.c src/cli/cmd_backup.c src/cli/cmd_conf.c src/cli/cmd_init.c \
	src/cli/cmd_repo.c src/cli/cmd_serve.c src/cli/cmd_upgrade.c \
	src/cli/cmd_upkeep.c
lakegate_CPPFLAGS = $(AM_CPPFLAGS) \
	-DWORKER_PATH='"$(cgibindir)/lakegate.fcgi"'
lakegate_fcgi_SOURCES = src/worker/worker_main.c
liblakegate_a_CPPFLAGS = $(AM_CPPFLAGS) \
	-DCONF_PATH='"$(sysconfdir)/lakegate/lakegate.conf"' \
	-DSAMPLE_PATH='"$(sampledir)"'
EXTRA_DIST += src/STYLE src/auth/DESIGN src/engine/DESIGN src/http/DESIGN \
	src/lake/DESIGN src/s3/DESIGN src/upkeep/DESIGN

# Pages and units name installed paths; the settings' page lists conf.def.
PATHS = sed -e 's,@CONF_PATH@,$(sysconfdir)/lakegate/lakegate.conf,g' \
	-e 's,@WORKER_PATH@,$(cgibindir)/lakegate.fcgi,g' \
	-e 's,@COMMAND_PATH@,$(bindir)/lakegate,g'
SETTINGS = sed -n -E \
	-e 's/^TEXT\((\w+), "([^"]*)", "(.*)"\)$$/.TP\n.B \1 = \2\n\3./p' \
	-e 's/^CHOICE\((\w+), "(\w+)", "(.*)", "(.*)"\)$$/.TP\n.B \1 = \2\n\4.\nOne of: \3./p' \
	-e 's/^NUMBER\((\w+), (\w+), (\w+), (\w+), "(.*)"\)$$/.TP\n.B \1 = \2\n\5.\nFrom \3 to \4./p'
LIMITS = sed -n -E \
	-e 's/ B, / bytes, /; s/ KIB, / KiB, /; s/ MIB, / MiB, /' \
	-e 's/ GIB, / GiB, /; s/ TIB, / TiB, /; s/ SECONDS, / seconds, /' \
	-e 's/ THINGS, /, /' \
	-e 's/^(LIMIT|LARGE)\((\w+), ([0-9]+),?( \w+)?, "(.*)"\)$$/.TP\n\5\n\3\4/p'
generated = src/app/lakegate.conf.5 src/worker/lakegate.fcgi.8 \
	src/worker/lakegate.service src/worker/lakegate-gc.service
dist_man_MANS += src/cli/lakegate.1
nodist_man_MANS = src/app/lakegate.conf.5 src/worker/lakegate.fcgi.8
dist_unit_DATA = src/worker/lakegate.socket src/worker/lakegate-gc.timer
nodist_unit_DATA = src/worker/lakegate.service src/worker/lakegate-gc.service
EXTRA_DIST += $(generated:=.in) src/base/DESIGN src/worker/sandbox \
	src/worker/lakegate-network.conf
CLEANFILES += $(generated)
src/app/lakegate.conf.5: src/app/lakegate.conf.5.in src/app/conf.def
	$(AM_V_GEN)$(MKDIR_P) src/app && { \
	sed '/@SETTINGS@/,$$d' $(srcdir)/src/app/lakegate.conf.5.in; \
	$(SETTINGS) $(srcdir)/src/app/conf.def; \
	sed '1,/@SETTINGS@/d' $(srcdir)/src/app/lakegate.conf.5.in; \
	} | $(PATHS) > $@
src/worker/lakegate.fcgi.8: src/worker/lakegate.fcgi.8.in src/base/limit.def
	$(AM_V_GEN)$(MKDIR_P) src/worker && { \
	sed '/@LIMITS@/,$$d' $(srcdir)/src/worker/lakegate.fcgi.8.in; \
	$(LIMITS) $(srcdir)/src/base/limit.def; \
	sed '1,/@LIMITS@/d' $(srcdir)/src/worker/lakegate.fcgi.8.in; \
	} | $(PATHS) > $@
UNIT = $(AM_V_GEN)$(MKDIR_P) src/worker && { \
	sed '/@SANDBOX@/,$$d' $(srcdir)/$@.in; cat $(srcdir)/src/worker/sandbox; \
	} | $(PATHS) > $@
src/worker/lakegate.service: src/worker/lakegate.service.in src/worker/sandbox
	$(UNIT)
src/worker/lakegate-gc.service: src/worker/lakegate-gc.service.in \
		src/worker/sandbox
	$(UNIT)
EXTRA_DIST += lighttpd/README.md lighttpd/fastcgi.conf lighttpd/cgi.conf \
	lighttpd/front.conf apache/front.conf nginx/front.conf \
	lighttpd/tls.conf lighttpd/lakegate.conf lighttpd/sendfile.conf \
	apache/README.md \
	apache/lakegate.conf apache/proxy.conf apache/htaccess \
	nginx/README.md nginx/lakegate.conf \
	src/api/README.md src/s3/README.md
EXTRA_DIST += debian/apache.conf debian/changelog debian/control \
	debian/copyright debian/lakegate.conf debian/lakegate.dirs \
	debian/lakegate.docs debian/lakegate.examples \
	debian/lakegate.install debian/lakegate.logrotate \
	debian/lakegate.postinst debian/lakegate.postrm debian/lakegate.prerm debian/lakegate.NEWS \
	debian/lakegate.lintian-overrides \
	debian/lighttpd.conf debian/rules \
	debian/source/format
EXTRA_DIST += examples/README.md examples/data_tests.py \
	examples/delta_experiments.py examples/demonstration.py \
	examples/duckdb_branches.py examples/etl_branch.py \
	examples/fail2ban-filter.conf examples/fail2ban-jail.conf \
	examples/grafana-dashboard.json examples/prometheus-rules.yml \
	examples/pandas_notebook.py examples/public_dataset.py \
	examples/quickstart examples/restic_backup examples/spark_job.py
# What `sample_data: true` puts into a new repository; make.py made it.
sampledir = $(pkgdatadir)/sample_data
samplepagesdir = $(sampledir)/data
sampleimagesdir = $(sampledir)/images
dist_sample_DATA = examples/sample_data/contents \
	examples/sample_data/README.md examples/sample_data/lakes.parquet
dist_samplepages_DATA = examples/sample_data/data/lakes.source.md
dist_sampleimages_DATA = \
	examples/sample_data/images/lake-01.png \
	examples/sample_data/images/lake-02.png \
	examples/sample_data/images/lake-03.png \
	examples/sample_data/images/lake-04.png \
	examples/sample_data/images/lake-05.png \
	examples/sample_data/images/lake-06.png \
	examples/sample_data/images/lake-07.png \
	examples/sample_data/images/lake-08.png \
	examples/sample_data/images/lake-09.png \
	examples/sample_data/images/lake-10.png \
	examples/sample_data/images/lake-11.png \
	examples/sample_data/images/lake-12.png \
	examples/sample_data/images/lake-13.png \
	examples/sample_data/images/lake-14.png \
	examples/sample_data/images/lake-15.png \
	examples/sample_data/images/lake-16.png \
	examples/sample_data/images/lake-17.png \
	examples/sample_data/images/lake-18.png \
	examples/sample_data/images/lake-19.png \
	examples/sample_data/images/lake-20.png \
	examples/sample_data/images/lake-21.png \
	examples/sample_data/images/lake-22.png \
	examples/sample_data/images/lake-23.png \
	examples/sample_data/images/lake-24.png \
	examples/sample_data/images/lake-25.png \
	examples/sample_data/images/lake-26.png \
	examples/sample_data/images/lake-27.png \
	examples/sample_data/images/lake-28.png \
	examples/sample_data/images/lake-29.png
EXTRA_DIST += examples/sample_data/make.py
