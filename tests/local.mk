# Unit and contract tests: what `make check` runs.
if CMOCKA
UNIT_TESTS = test_tree
else
UNIT_TESTS =
endif
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
UNIT_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
test_tree_SOURCES = tests/unit/test_tree.c tests/unit/unit.h
test_tree_CPPFLAGS = $(UNIT_CPPFLAGS)
test_tree_LDADD = $(LDADD) -lcmocka
