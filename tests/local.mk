# What `make check` runs: unit and contract tests, fuzz corpora, lints.
UNIT_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
UNIT_LDADD = $(LDADD) -lcmocka
if CMOCKA
UNIT_TESTS = \
	block_contract \
	kv_contract \
	test_actions \
	test_auth \
	test_bloom \
	test_buf \
	test_claim \
	test_client \
	test_conf \
	test_costs \
	test_cx \
	test_damage \
	test_digest \
	test_disk \
	test_enc \
	test_engine \
	test_failure \
	test_fsck \
	test_fold \
	test_gc \
	test_gc_ends \
	test_http \
	test_json \
	test_kv_sqlite \
	test_lake \
	test_large \
	test_limits \
	test_log \
	test_net \
	test_node \
	test_node_cache \
	test_pace \
	test_pairs \
	test_routes \
	test_s3_policy \
	test_s3_shape \
	test_seen \
	test_str \
	test_tree \
	test_verify \
	test_versions \
	test_walk \
	test_when
else
UNIT_TESTS =
endif
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS) tests/lint/run tests/lint/bites
dist_check_SCRIPTS = tests/lint/run tests/lint/bites tests/lint/hardened
if HARDENED
TESTS += tests/lint/hardened
endif
TEST_EXTENSIONS = .py
AM_TESTS_ENVIRONMENT = LC_ALL=C; export LC_ALL;

# A test that passed is asked again when its program has other bytes, or what it
# replays; lints always, and with `make check ALL=1` every test.
RECHECK_LOGS =
check_DATA = stale
stale: $(check_PROGRAMS)
	@for t in $(UNIT_TESTS) tests/fuzz/replay; do \
		asked=$$t; \
		test $$t != tests/fuzz/replay || \
		    asked="fuzz_replay $(srcdir)/$$t $(srcdir)/tests/fuzz/corpus/*/*"; \
		sum=`cat $$asked | cksum`; \
		if test -z "$(ALL)" && test -f $$t.log && \
		    grep -q '^:test-result: PASS' $$t.trs 2>/dev/null && \
		    echo "$$sum" | cmp -s - $$t.sum; then \
			touch $$t.log $$t.trs; \
		else \
			rm -f $$t.log $$t.trs; \
			$(MKDIR_P) tests/fuzz; \
			echo "$$sum" >$$t.sum; \
		fi; \
	done; \
	rm -f tests/lint/*.log tests/lint/*.trs
CLEANFILES += $(UNIT_TESTS:=.sum) tests/fuzz/replay.sum

# How each C file is compiled, for clangd and its like.
ANY_COMPILE = $(COMPILE) $(UNIT_CPPFLAGS) -DCONF_PATH=\"\" \
	-DSAMPLE_PATH=\"\" \
	-DWORKER_PATH=\"\"
compdb:
	@top=`cd $(srcdir) && pwd`; \
	for f in $(liblakegate_a_SOURCES) $(lakegate_SOURCES) \
	    $(lakegate_fcgi_SOURCES) `cd $(srcdir) && ls tests/*/*.c`; do \
		case $$f in *errno.c|*.h|*.def) continue ;; esac; \
		printf '%s\n' $(abs_builddir) $$top/$$f '$(ANY_COMPILE) -c '$$top/$$f; \
	done | sed 's/["\]/\\&/g; s/[ 	][ 	]*/ /g' | awk ' \
		NR % 3 == 1 { print (NR == 1 ? "[" : ",") "{\"directory\": \"" $$0 "\"," } \
		NR % 3 == 2 { print " \"file\": \"" $$0 "\"," } \
		NR % 3 == 0 { print " \"command\": \"" $$0 "\"}" } \
		END { print "]" }' >$(top_srcdir)/compile_commands.json
.PHONY: stale compdb

test_actions_SOURCES = tests/unit/test_actions.c tests/unit/unit_lake.h
test_actions_CPPFLAGS = $(UNIT_CPPFLAGS)
test_actions_LDADD = $(UNIT_LDADD)
test_auth_SOURCES = tests/unit/test_auth.c tests/unit/unit.h
test_auth_CPPFLAGS = $(UNIT_CPPFLAGS)
test_auth_LDADD = $(UNIT_LDADD)
test_buf_SOURCES = tests/unit/test_buf.c tests/unit/unit_cx.h
test_buf_CPPFLAGS = $(UNIT_CPPFLAGS)
test_buf_LDADD = $(UNIT_LDADD)
test_client_SOURCES = tests/unit/test_client.c
test_client_CPPFLAGS = $(UNIT_CPPFLAGS)
test_client_LDADD = $(UNIT_LDADD)
test_bloom_SOURCES = tests/unit/test_bloom.c
test_bloom_CPPFLAGS = $(UNIT_CPPFLAGS)
test_bloom_LDADD = $(UNIT_LDADD)
test_claim_SOURCES = tests/unit/test_claim.c
test_claim_CPPFLAGS = $(UNIT_CPPFLAGS)
test_claim_LDADD = $(UNIT_LDADD)
test_node_cache_SOURCES = tests/unit/test_node_cache.c
test_node_cache_CPPFLAGS = $(UNIT_CPPFLAGS)
test_node_cache_LDADD = $(UNIT_LDADD)
test_node_SOURCES = tests/unit/test_node.c
test_node_CPPFLAGS = $(UNIT_CPPFLAGS)
test_node_LDADD = $(UNIT_LDADD)
test_conf_SOURCES = tests/unit/test_conf.c
test_conf_CPPFLAGS = $(UNIT_CPPFLAGS)
test_conf_LDADD = $(UNIT_LDADD)
test_costs_SOURCES = tests/unit/test_costs.c
test_costs_CPPFLAGS = $(UNIT_CPPFLAGS)
test_costs_LDADD = $(UNIT_LDADD)
test_costs_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=kv_find -Wl,--wrap=kv_next \
	-Wl,--wrap=kv_put -Wl,--wrap=kv_put_bytes -Wl,--wrap=kv_delete -Wl,--wrap=kv_clear \
	-Wl,--wrap=kv_write -Wl,--wrap=kv_get
test_cx_SOURCES = tests/unit/test_cx.c
test_cx_CPPFLAGS = $(UNIT_CPPFLAGS)
test_cx_LDADD = $(UNIT_LDADD)
test_damage_SOURCES = tests/unit/test_damage.c tests/unit/unit_lake.h
test_damage_CPPFLAGS = $(UNIT_CPPFLAGS)
test_damage_LDADD = $(UNIT_LDADD)
test_digest_SOURCES = tests/unit/test_digest.c
test_digest_CPPFLAGS = $(UNIT_CPPFLAGS)
test_digest_LDADD = $(UNIT_LDADD)
test_enc_SOURCES = tests/unit/test_enc.c
test_enc_CPPFLAGS = $(UNIT_CPPFLAGS)
test_enc_LDADD = $(UNIT_LDADD)
test_disk_SOURCES = tests/unit/test_disk.c
test_disk_CPPFLAGS = $(UNIT_CPPFLAGS)
test_disk_LDADD = $(UNIT_LDADD)
test_disk_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=file_free_space
test_pairs_SOURCES = tests/unit/test_pairs.c
test_pairs_CPPFLAGS = $(UNIT_CPPFLAGS)
test_pairs_LDADD = $(UNIT_LDADD)
test_pairs_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=when_monotonic \
	-Wl,--wrap=nanosleep
test_engine_SOURCES = tests/unit/test_engine.c
test_engine_CPPFLAGS = $(UNIT_CPPFLAGS)
test_engine_LDADD = $(UNIT_LDADD)
test_failure_SOURCES = tests/unit/test_failure.c
test_failure_CPPFLAGS = $(UNIT_CPPFLAGS)
test_failure_LDADD = $(UNIT_LDADD)
test_fsck_SOURCES = tests/unit/test_fsck.c tests/unit/unit_lake.h
test_fsck_CPPFLAGS = $(UNIT_CPPFLAGS)
test_fsck_LDADD = $(UNIT_LDADD)
test_large_SOURCES = tests/unit/test_large.c tests/bench/large.h
test_large_CPPFLAGS = $(UNIT_CPPFLAGS)
test_large_LDADD = $(UNIT_LDADD)
test_large_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc -Wl,--wrap=calloc \
	-Wl,--wrap=realloc -Wl,--wrap=free
test_fold_SOURCES = tests/unit/test_fold.c tests/unit/unit_lake.h
test_fold_CPPFLAGS = $(UNIT_CPPFLAGS)
test_fold_LDADD = $(UNIT_LDADD)
test_gc_SOURCES = tests/unit/test_gc.c tests/unit/unit_lake.h
test_gc_CPPFLAGS = $(UNIT_CPPFLAGS)
test_gc_LDADD = $(UNIT_LDADD)
test_gc_ends_SOURCES = tests/unit/test_gc_ends.c tests/unit/unit_lake.h
test_gc_ends_CPPFLAGS = $(UNIT_CPPFLAGS)
test_gc_ends_LDADD = $(UNIT_LDADD)
test_http_SOURCES = tests/unit/test_http.c
test_http_CPPFLAGS = $(UNIT_CPPFLAGS)
test_http_LDADD = $(UNIT_LDADD)
test_json_SOURCES = tests/unit/test_json.c
test_json_CPPFLAGS = $(UNIT_CPPFLAGS)
test_json_LDADD = $(UNIT_LDADD)
test_lake_SOURCES = tests/unit/test_lake.c
test_lake_CPPFLAGS = $(UNIT_CPPFLAGS)
test_lake_LDADD = $(UNIT_LDADD)
test_kv_sqlite_SOURCES = tests/unit/test_kv_sqlite.c
test_kv_sqlite_CPPFLAGS = $(UNIT_CPPFLAGS)
test_kv_sqlite_LDADD = $(UNIT_LDADD)
test_kv_sqlite_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime \
	-Wl,--wrap=fsync,--wrap=fdatasync
test_limits_SOURCES = tests/unit/test_limits.c
test_limits_CPPFLAGS = $(UNIT_CPPFLAGS)
test_limits_LDADD = $(UNIT_LDADD)
test_log_SOURCES = tests/unit/test_log.c
test_log_CPPFLAGS = $(UNIT_CPPFLAGS)
test_log_LDADD = $(UNIT_LDADD)
test_net_SOURCES = tests/unit/test_net.c
test_net_CPPFLAGS = $(UNIT_CPPFLAGS)
test_net_LDADD = $(UNIT_LDADD)
test_pace_SOURCES = tests/unit/test_pace.c
test_pace_CPPFLAGS = $(UNIT_CPPFLAGS)
test_pace_LDADD = $(UNIT_LDADD)
test_routes_SOURCES = tests/unit/test_routes.c
test_routes_CPPFLAGS = $(UNIT_CPPFLAGS)
test_routes_LDADD = $(UNIT_LDADD)
test_s3_policy_SOURCES = tests/unit/test_s3_policy.c tests/unit/unit_request.h
test_s3_policy_CPPFLAGS = $(UNIT_CPPFLAGS)
test_s3_policy_LDADD = $(UNIT_LDADD)
test_s3_shape_SOURCES = tests/unit/test_s3_shape.c
test_s3_shape_CPPFLAGS = $(UNIT_CPPFLAGS)
test_s3_shape_LDADD = $(UNIT_LDADD)
test_seen_SOURCES = tests/unit/test_seen.c
test_seen_CPPFLAGS = $(UNIT_CPPFLAGS)
test_seen_LDADD = $(UNIT_LDADD)
test_str_SOURCES = tests/unit/test_str.c
test_str_CPPFLAGS = $(UNIT_CPPFLAGS)
test_str_LDADD = $(UNIT_LDADD)
test_tree_SOURCES = tests/unit/test_tree.c
test_tree_CPPFLAGS = $(UNIT_CPPFLAGS)
test_tree_LDADD = $(UNIT_LDADD)
test_verify_SOURCES = tests/unit/test_verify.c
test_verify_CPPFLAGS = $(UNIT_CPPFLAGS)
test_verify_LDADD = $(UNIT_LDADD)
test_versions_SOURCES = tests/unit/test_versions.c
test_versions_CPPFLAGS = $(UNIT_CPPFLAGS)
test_versions_LDADD = $(UNIT_LDADD)
test_walk_SOURCES = tests/unit/test_walk.c
test_walk_CPPFLAGS = $(UNIT_CPPFLAGS)
test_walk_LDADD = $(UNIT_LDADD)
test_when_SOURCES = tests/unit/test_when.c
test_when_CPPFLAGS = $(UNIT_CPPFLAGS)
test_when_LDADD = $(UNIT_LDADD)
kv_contract_SOURCES = tests/contract/kv_contract.c
kv_contract_CPPFLAGS = $(UNIT_CPPFLAGS)
kv_contract_LDADD = $(UNIT_LDADD)
block_contract_SOURCES = tests/contract/block_contract.c
block_contract_CPPFLAGS = $(UNIT_CPPFLAGS)
block_contract_LDADD = $(UNIT_LDADD)
EXTRA_DIST += tests/run tests/install tests/debian tests/lock \
	tests/requirements.in tests/requirements.txt \
	tests/lint/aliases tests/lint/exceptions \
	tests/lint/layers tests/lint/source.awk tests/http tests/limits/crowd.py \
	tests/limits/test_limits.py tests/limits/test_slow.py tests/model \
	tests/crash/test_history.py tests/crash/test_kill.py \
	tests/crash/test_reload.py tests/faults/guards tests/faults/run

EXTRA_DIST += tests/clients/conftest.py tests/clients/go/go.mod \
	tests/clients/go/go.sum tests/clients/js/package-lock.json \
	tests/clients/go/sdk.go tests/clients/javasdk/Sdk.java \
	tests/clients/javasdk/pom.xml tests/clients/js/package.json \
	tests/clients/js/sdk.js tests/clients/matrix.py \
	tests/clients/requirements-awscli.in \
	tests/clients/requirements-awscli.txt \
	tests/clients/requirements-clients.in \
	tests/clients/requirements-clients.txt \
	tests/clients/requirements-pyspark.in \
	tests/clients/requirements-pyspark.txt \
	tests/clients/requirements-s3fs.in tests/clients/requirements-s3fs.txt \
	tests/clients/spark/job.py tests/clients/spark/pom.xml \
	tests/clients/test_commands.py tests/clients/test_dataset.py \
	tests/clients/test_examples.py tests/clients/test_jvm.py \
	tests/clients/test_prometheus.py \
	tests/clients/test_lakefs_spec.py tests/clients/test_pages.py \
	tests/clients/README.md tests/clients/test_python.py \
	tests/clients/test_sdks.py tests/clients/test_table.py \
	tests/clients/trino/Trino.java tests/clients/trino/pom.xml

# Measured by hand: make bench.
EXTRA_PROGRAMS = bench_beside bench_changes bench_gc bench_history \
	bench_memory bench_versions
bench_beside_SOURCES = tests/bench/beside.c
bench_changes_SOURCES = tests/bench/changes.c tests/bench/large.h
bench_changes_CPPFLAGS = $(UNIT_CPPFLAGS)
bench_gc_SOURCES = tests/bench/gc.c
bench_history_SOURCES = tests/bench/history.c
bench_memory_SOURCES = tests/bench/memory.c
bench_versions_SOURCES = tests/bench/versions.c
EXTRA_DIST += tests/limits/edges tests/limits/test_full.py tests/limits/test_large.py \
	tests/limits/test_memory.py \
	tests/bench/README.md tests/http/README.md \
	tests/bench/run tests/conftest.py tests/lake.py tests/servers.py \
	tests/lakes tests/oldlake.py tests/routes.py tests/sign.py \
	tests/pytest.ini tests/worker.py
CLEANFILES += $(EXTRA_PROGRAMS)
bench: all $(EXTRA_PROGRAMS)
	sh $(top_srcdir)/tests/install bench
	@test -x $(top_srcdir)/.venv/bin/python || \
	    { echo "sh tests/run http makes the Python environment"; exit 1; }
	$(top_srcdir)/.venv/bin/python $(srcdir)/tests/bench/run .
lint:
	srcdir=$(srcdir) sh $(srcdir)/tests/lint/run
.PHONY: bench lint

# Fuzz targets: the corpus and mutations of it under `make check`; with
# --enable-fuzz (clang) a libFuzzer program, whose target FUZZ names.
check_PROGRAMS += fuzz_replay
TESTS += tests/fuzz/replay
FUZZ_SOURCES = tests/fuzz/fuzz.c tests/fuzz/fuzz.h tests/fuzz/lake.c \
	tests/fuzz/parse.c tests/fuzz/request.c tests/fuzz/setter.c \
	tests/fuzz/upload.c
fuzz_replay_SOURCES = $(FUZZ_SOURCES)
fuzz_replay_CPPFLAGS = $(UNIT_CPPFLAGS)
dist_check_SCRIPTS += tests/fuzz/replay
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/dictionary tests/fuzz/long \
	tests/fuzz/unguided
if FUZZ
noinst_PROGRAMS += fuzz
fuzz_SOURCES = $(FUZZ_SOURCES)
fuzz_CPPFLAGS = $(UNIT_CPPFLAGS) -DLIBFUZZER
fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif

# Power cuts: the program and SQLite see stable storage through the linker.
EXTRA_PROGRAMS += powercut
powercut_SOURCES = tests/crash/powercut.c
powercut_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fsync,--wrap=fdatasync \
	-Wl,--wrap=write,--wrap=pwrite64,--wrap=ftruncate64,--wrap=rename
EXTRA_DIST += tests/crash/cuts tests/crash/clock.c tests/crash/errno.c tests/crash/test_clock.py \
	tests/crash/test_errno.py tests/crash/test_stopped.py \
	tests/crash/test_formats.py \
	tests/fcgi.py
