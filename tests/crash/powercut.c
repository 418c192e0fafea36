/*
 * Power cuts: what was not synced is dropped, at any system call, and the lake
 * that is left must be whole and have everything that was acknowledged.
 *
 * Calls of the program and of SQLite (linked statically) come here through the
 * linker's --wrap.  Stable storage is modelled strictly: a file has what it had
 * at its last fsync, a folder the names it had at its own.
 *
 *	powercut FOLDER SEED [CLASS]
 *
 * CLASS leaves one class of fsync out (wal, db, block, folder: of a lake in use;
 * lake: of one being made): then the run must fail, or it would prove nothing.
 */
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cx.h"
#include "base/fileio.h"
#include "block/block.h"
#include "engine/engine.h"
#include "kv/kv.h"
#include "upkeep/upkeep.h"

enum { KEYS = 40, FILES = 20000, STEPS = 260 };

/* ---- stable storage ---------------------------------------------------- */

static struct stable_file {	/* by inode */
	ino_t	ino;
	char	*p;
	size_t	 n;
} files[FILES];
static size_t	n_files;

static struct stable_name {	/* folder, name -> inode */
	char	path[200];
	ino_t	ino;
	bool	is_dir;
} names[FILES];
static size_t	n_names;

static char		 root[100], image[120];
static const char	*left_out;
static bool		 watching, taken;
static unsigned		 until_cut;

int	__real_fsync(int fd);
int	__real_fdatasync(int fd);
int	__wrap_fsync(int fd);
int	__wrap_fdatasync(int fd);
ssize_t	__real_write(int fd, const void *p, size_t n);
ssize_t	__wrap_write(int fd, const void *p, size_t n);
int	__real_rename(const char *a, const char *b);
int	__wrap_rename(const char *a, const char *b);

static struct stable_file *
file_of(ino_t ino)
{
	size_t	i;

	for (i = 0; i < n_files; i++)
		if (files[i].ino == ino)
			return &files[i];
	return NULL;
}

static void
sync_file(const char *path, const struct stat *st)
{
	struct stable_file	*f = file_of(st->st_ino);
	int			 fd = open(path, O_RDONLY);

	if (f == NULL) {
		assert(n_files < FILES);
		f = &files[n_files++];
		f->ino = st->st_ino;
	}
	free(f->p);
	f->p = malloc((size_t)st->st_size + 1);
	f->n = (size_t)st->st_size;
	assert(pread(fd, f->p, f->n, 0) == (ssize_t)f->n);
	close(fd);
}

static void
sync_folder(const char *path)
{
	struct dirent	*d;
	struct stat	 st;
	char		 at[500];
	size_t		 i, k, len = strlen(path);
	DIR		*dir;

	for (i = k = 0; i < n_names; i++)
		if (strncmp(names[i].path, path, len) != 0 ||
		    names[i].path[len] != '/' ||
		    strchr(names[i].path + len + 1, '/') != NULL)
			names[k++] = names[i];
	n_names = k;
	dir = opendir(path);
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(at, sizeof at, "%s/%s", path, d->d_name);
		if (stat(at, &st) != 0)
			continue;
		assert(n_names < FILES);
		assert(strlen(at) < sizeof names->path);
		memcpy(names[n_names].path, at, strlen(at) + 1);
		names[n_names].ino = st.st_ino;
		names[n_names++].is_dir = S_ISDIR(st.st_mode);
	}
	closedir(dir);
}

/* What would be found after the power is back. */
static void
take_image(void)
{
	struct stable_file	*f;
	char			 at[400];
	size_t			 i, len = strlen(root);
	int			 pass, fd;

	mkdir(image, 0700);
	for (pass = 0; pass < 3; pass++)
		for (i = 0; i < n_names; i++) {
			snprintf(at, sizeof at, "%s%s", image,
			    names[i].path + len);
			if (names[i].is_dir) {
				mkdir(at, 0700);
				continue;
			}
			if (pass < 2)
				continue;
			fd = open(at, O_CREAT | O_WRONLY | O_TRUNC, 0600);
			f = file_of(names[i].ino);
			if (fd >= 0 && f != NULL)
				assert(__real_write(fd, f->p, f->n) ==
				    (ssize_t)f->n);
			if (fd >= 0)
				close(fd);
		}
	taken = true;
}

/* Each call that changes something may be the last one before the cut. */
static void
tick(void)
{
	if (watching && until_cut > 0 && --until_cut == 0)
		take_image();
}

static const char *
class_of(const char *path, bool is_dir)
{
	if (is_dir)
		return strstr(path, "/blocks") != NULL ? "folder" : "lake";
	if (strstr(path, "meta.db-wal") != NULL)
		return "wal";
	return strstr(path, "meta.db") != NULL ? "db" : "block";
}

static void
stable(int fd)
{
	struct stat	st;
	char		link[64], path[200];
	ssize_t		n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	if (!watching || n <= 0 || fstat(fd, &st) != 0)
		return;
	path[n] = '\0';
	if (strncmp(path, root, strlen(root)) != 0 || (left_out != NULL &&
	    strcmp(left_out, class_of(path, S_ISDIR(st.st_mode))) == 0))
		return;
	if (S_ISDIR(st.st_mode))
		sync_folder(path);
	else
		sync_file(path, &st);
}

int
__wrap_fsync(int fd)
{
	tick();
	stable(fd);
	tick();
	return 0;
}

int
__wrap_fdatasync(int fd)
{
	return __wrap_fsync(fd);
}

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	tick();
	return __real_write(fd, p, n);
}

int
__wrap_rename(const char *a, const char *b)
{
	tick();
	return __real_rename(a, b);
}

/* ---- a lake and what it acknowledged ----------------------------------- */

struct lake {
	struct cx	 cx;
	struct kv	*kv;
	struct block	*block;
	struct engine	*eng;
};

static unsigned		value[KEYS];	/* acknowledged; 0: absent */
static struct oid	commits[STEPS];
static size_t		n_commits;

static void
must(const struct cx *cx, enum err e)
{
	if (e == OK)
		return;
	printf("%s: %s\n", err_name(e), cx->words);
	exit(1);
}

static void
lake_open(struct lake *l, const char *dir, bool create)
{
	struct kv_sqlite_opts	 kv = { .create = create };
	struct engine_opts	 o;

	cx_init(&l->cx, arena_new());
	must(&l->cx, block_file_open(&l->cx, dir, create, &l->block));
	must(&l->cx, kv_sqlite_open(&l->cx, dir, &kv, &l->kv));
	engine_defaults(&o);
	o.area_rows = 20;
	o.area_tombs = 10;
	l->eng = engine_open(l->kv, l->block, &o);
}

static void
lake_close(struct lake *l)
{
	arena_empty(l->cx.mem);
	engine_close(l->eng);
	block_close(l->block);
	kv_close(l->kv);
	arena_free(l->cx.mem);
}

static struct target
at_of(struct lake *l, size_t k)
{
	return (struct target){ .repo = STR("repo"), .ref = STR("main"),
	    .path = str_printf(l->cx.mem, "key-%02zu", k) };
}

/* A body that says its value: small ones go into rows, large into files. */
static struct str
body_of(struct lake *l, unsigned v)
{
	size_t	n = v % 3 == 0 ? 60000 : v % 3 == 1 ? 25000 : 12;
	char	*p = arena_get(l->cx.mem, n + 1);

	memset(p, 'a' + (int)(v % 26), n);
	memcpy(p, str_printf(l->cx.mem, "%011u", v).p, 11);
	return (struct str){ p, n };
}

static enum err
put(struct lake *l, size_t k, unsigned v)
{
	const struct cond	none = { .mtime = 0 };
	struct target		at = at_of(l, k);
	struct str		bytes = body_of(l, v);
	struct source		src = source_of_str(&l->cx, bytes);
	struct entry		en = { .content_type = STR("t") };
	struct body		*b;
	enum err		e;

	en.etag = str_printf(l->cx.mem, "v%u", v);
	if ((e = body_take(&l->cx, l->eng, &src, 1 << 20, NULL, NULL,
	    &b)) != OK)
		return e;
	return object_put(&l->cx, l->eng, &at, b, &en, &none, false);
}

static void
found(void *arg, const char *invariant, const char *what)
{
	(void)arg;
	printf("%s: %s\n", invariant, what);
}

/* The value at a path, read and compared byte for byte. */
static unsigned
value_at(struct lake *l, size_t k)
{
	struct target	at = at_of(l, k);
	struct source	src;
	struct entry	en;
	struct str	got, want;
	unsigned	v;
	enum err	e;

	e = object_open(&l->cx, l->eng, &at, &en);
	if (e == E_NO_SUCH_OBJECT)
		return 0;
	must(&l->cx, e);
	must(&l->cx, object_source(&l->cx, l->eng, &en, 0, en.size, &src));
	must(&l->cx, source_all(&l->cx, &src, 1 << 20, &got));
	v = (unsigned)atoi(str_z(l->cx.mem, str_from(en.etag, 1)));
	want = body_of(l, v);
	if (!str_is(got, want)) {
		printf("key-%02zu has not the bytes of its ETag\n", k);
		exit(1);
	}
	return v;
}

/* The image after a cut, during which key k may have become v; the first
 * commits were acknowledged before it. */
static void
check_image(size_t k, unsigned v, size_t made)
{
	const struct fsck_opts	opt = { .found = found };
	struct fsck_report	r;
	struct commit		c;
	struct lake		l;
	unsigned		got;
	size_t			i;

	lake_open(&l, image, false);
	must(&l.cx, fsck_run(&l.cx, l.eng, &opt, &r));
	if (r.problems > 0)
		exit(1);
	for (i = 0; i < KEYS; i++) {
		got = value_at(&l, i);
		if (got != value[i] && (i != k || got != v)) {
			printf("key-%02zu: acknowledged %u, found %u\n", i,
			    value[i], got);
			exit(1);
		}
	}
	for (i = 0; i < made; i++)
		must(&l.cx, ref_commit(&l.cx, l.eng, STR("repo"),
		    str_of(oid_hex(&commits[i]).z), &c));
	lake_close(&l);
}

/* One operation; the key it changes and to what. */
static void
operate(struct lake *l, unsigned step, size_t *k, unsigned *v)
{
	const struct commit_opts	co = { .message = STR("m"),
	    .committer = STR("me"), .allow_empty = true };
	const struct gc_opts		go = { .grace = 0, .upload_age = 1 };
	const struct cond		none = { .mtime = 0 };
	struct gc_report		r;
	struct commit			c;
	struct target			at;
	bool				more = true, marker;

	*k = KEYS;
	switch (rand() % 12) {
	case 0:
		must(&l->cx, commit_create(&l->cx, l->eng, STR("repo"),
		    STR("main"), &co, &c));
		commits[n_commits++] = c.id;
		break;
	case 1:
		must(&l->cx, gc_run(&l->cx, l->eng, &go, &r));
		break;
	case 2:
		while (more)
			must(&l->cx, engine_maintain(&l->cx, l->eng, &more));
		break;
	case 3: case 4:
		*k = (size_t)rand() % KEYS;
		*v = 0;
		at = at_of(l, *k);
		must(&l->cx, object_delete(&l->cx, l->eng, &at, &none,
		    false, &marker));
		break;
	default:
		*k = (size_t)rand() % KEYS;
		*v = step + 1;
		must(&l->cx, put(l, *k, *v));
	}
}

/* The next image begins anew. */
static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

int
main(int argc, char **argv)
{
	struct repo	 r = { .name = STR("repo"),
	    .default_branch = STR("main"), .storage_namespace = STR("x") };
	const char	*class;
	struct lake	 l;
	unsigned	 step, v = 0, cuts = 0;
	size_t		 k, made;

	if (argc < 3)
		return 2;
	snprintf(root, sizeof root, "%s/lake", argv[1]);
	snprintf(image, sizeof image, "%s/image", argv[1]);
	srand((unsigned)atoi(argv[2]));
	/* The lake's own folder matters while it is made, the rest after. */
	class = argc > 3 ? argv[3] : "";
	left_out = strcmp(class, "lake") == 0 ? class : NULL;
	mkdir(root, 0700);
	watching = true;
	lake_open(&l, root, true);
	must(&l.cx, engine_init(&l.cx, l.eng));
	must(&l.cx, repo_create(&l.cx, l.eng, &r, STR("me")));
	must(&l.cx, file_sync_dir(&l.cx, root));
	left_out = class;
	for (step = 0; step < STEPS; step++) {
		until_cut = step % 4 == 0 ? 1 + (unsigned)rand() % 12 : 0;
		made = n_commits;
		operate(&l, step, &k, &v);
		if (step % 4 == 0 && !taken)
			take_image();	/* just after the answer */
		if (taken) {
			watching = false;
			if (until_cut > 0) {	/* the answer came before it */
				made = n_commits;
				if (k < KEYS)
					value[k] = v;
			}
			check_image(k, v, made);
			cuts++;
			taken = false;
			watching = true;
			nftw(image, remove_one, 16, FTW_DEPTH | FTW_PHYS);
		}
		if (k < KEYS)
			value[k] = v;
		arena_empty(l.cx.mem);
	}
	watching = false;
	lake_close(&l);
	printf("%u cuts, %zu commits: nothing lost\n", cuts, n_commits);
	return 0;
}
