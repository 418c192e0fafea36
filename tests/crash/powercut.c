/*
 * Power cuts, at any system call: the lake that is left must be whole and have
 * everything that was acknowledged.
 *
 * Calls of the program and of SQLite (linked statically) come here through the
 * linker's --wrap.  Stable storage is modelled in two ways:
 *
 *	strict	a file has what it had at its last fsync, a folder the names it
 *		had at its own
 *	torn	of what a file was written since its last fsync some writes are
 *		there, made in any order, and the last of them may be torn at a
 *		boundary of 512 bytes; of the names that came to a folder and
 *		went since its fsync, some came and some went
 *
 *	powercut FOLDER SEED strict|torn [CLASS]
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
#include <sys/resource.h>
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

struct pending {		/* a write, or a cut, that no fsync followed */
	size_t	 at;
	char	*p;		/* NULL: the file was cut off there */
	size_t	 n;
};

static struct stable_file {	/* by inode */
	ino_t		 ino;
	int		 fd;	/* held, so that no other file gets the inode */
	char		*p;
	size_t		 n;
	struct pending	*since;	/* the last fsync, oldest first */
	size_t		 n_since;
} files[FILES];
static size_t	n_files;

static struct stable_name {	/* folder, name -> inode */
	char	path[200];
	ino_t	ino;
	bool	is_dir;
} names[FILES], names_before[FILES];
static size_t	n_names;

static char		 root[100], image[120];
static const char	*left_out;
static bool		 watching, taken, torn;
static unsigned		 until_cut;

int	__real_fsync(int fd);
int	__real_fdatasync(int fd);
int	__wrap_fsync(int fd);
int	__wrap_fdatasync(int fd);
ssize_t	__real_write(int fd, const void *p, size_t n);
ssize_t	__wrap_write(int fd, const void *p, size_t n);
ssize_t	__real_pwrite64(int fd, const void *p, size_t n, off_t at);
ssize_t	__wrap_pwrite64(int fd, const void *p, size_t n, off_t at);
int	__real_ftruncate64(int fd, off_t n);
int	__wrap_ftruncate64(int fd, off_t n);
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

/* The file that is open there, known from now on. */
static struct stable_file *
file_known(int fd, ino_t ino)
{
	struct stable_file	*f = file_of(ino);
	char			 link[64];

	if (f != NULL)
		return f;
	assert(n_files < FILES);
	f = &files[n_files++];
	f->ino = ino;
	/* Opened anew, and never closed: neither flock nor fcntl notices. */
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	f->fd = open(link, O_RDONLY | O_CLOEXEC);
	assert(f->fd >= 0);
	return f;
}

static void
sync_file(struct stable_file *f, size_t size)
{
	free(f->p);
	f->p = malloc(size + 1);
	f->n = size;
	assert(pread(f->fd, f->p, f->n, 0) == (ssize_t)f->n);
	while (f->n_since > 0)
		free(f->since[--f->n_since].p);
}

static void
pending_add(struct stable_file *f, size_t at, const void *p, size_t n)
{
	struct pending	*w;

	f->since = realloc(f->since, (f->n_since + 1) * sizeof *f->since);
	w = &f->since[f->n_since++];
	*w = (struct pending){ at, p != NULL ? malloc(n + 1) : NULL, n };
	if (p != NULL)
		memcpy(w->p, p, n);
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

static struct stable_name *
name_at(struct stable_name *list, size_t n, const char *path)
{
	size_t	i;

	for (i = 0; i < n; i++)
		if (strcmp(list[i].path, path) == 0)
			return &list[i];
	return NULL;
}

/* The names that would be found where folders were not synced. */
static void
shake_names(void)
{
	struct stable_name	*old;
	size_t			 i, k, now, before = n_names;

	memcpy(names_before, names, before * sizeof *names);
	for (i = 0; i < before; i++)
		if (names_before[i].is_dir)
			sync_folder(names_before[i].path);
	sync_folder(root);
	now = n_names;
	for (i = 0; i < before; i++)
		if (name_at(names, now, names_before[i].path) == NULL &&
		    rand() % 2) {
			assert(n_names < FILES);
			names[n_names++] = names_before[i];
		}
	for (i = k = 0; i < n_names; i++) {
		old = name_at(names_before, before, names[i].path);
		if ((old != NULL && old->ino == names[i].ino) || rand() % 2)
			names[k++] = names[i];
		else if (old != NULL)
			names[k++] = *old;
	}
	n_names = k;
}

/* One write reaches the file f, or the first bytes of it. */
static void
pending_apply(struct stable_file *f, const struct pending *w, size_t n)
{
	size_t	end = w->at + n;

	if (w->p == NULL || end > f->n) {
		f->p = realloc(f->p, end + 1);
		if (end > f->n)
			memset(f->p + f->n, 0, end - f->n);
		f->n = end;
	}
	if (w->p != NULL)
		memcpy(f->p + w->at, w->p, n);
}

/* Where a write is torn: at a sector's boundary in the file. */
static size_t
torn_at(const struct pending *w)
{
	size_t	first = 512 - w->at % 512, sectors;

	if (w->p == NULL || w->n <= first)
		return w->n;
	sectors = (w->n - first + 511) / 512;
	return first + (size_t)rand() % sectors * 512;
}

/* The bytes of f, and some of what it was written since its fsync. */
static struct stable_file
shake_file(const struct stable_file *f)
{
	struct stable_file	 out = { .p = malloc(f->n + 1), .n = f->n };
	struct pending		*w = calloc(f->n_since + 1, sizeof *w), swap;
	size_t			 i, j, n = 0;
	int			 share = rand() % 5;	/* none to all */

	if (f->n > 0)
		memcpy(out.p, f->p, f->n);
	for (i = 0; i < f->n_since; i++)
		if (rand() % 4 < share)
			w[n++] = f->since[i];
	for (i = n; i > 1; i--) {
		j = (size_t)rand() % i;
		swap = w[i - 1];
		w[i - 1] = w[j];
		w[j] = swap;
	}
	for (i = 0; i < n; i++)
		pending_apply(&out, &w[i], i + 1 == n && rand() % 2 ?
		    torn_at(&w[i]) : w[i].n);
	free(w);
	return out;
}

static void
image_file(const char *at, const struct stable_file *f)
{
	struct stable_file	some = { .p = NULL };
	int			fd;

	if ((fd = open(at, O_CREAT | O_WRONLY | O_TRUNC, 0600)) < 0)
		return;
	if (f != NULL && torn) {
		some = shake_file(f);
		f = &some;
	}
	if (f != NULL)
		assert(__real_write(fd, f->p, f->n) == (ssize_t)f->n);
	free(some.p);
	close(fd);
}

/* What would be found after the power is back. */
static void
take_image(void)
{
	char	at[400];
	size_t	i, len = strlen(root), before = n_names;
	int	pass;

	if (torn)
		shake_names();
	mkdir(image, 0700);
	for (pass = 0; pass < 3; pass++)
		for (i = 0; i < n_names; i++) {
			snprintf(at, sizeof at, "%s%s", image,
			    names[i].path + len);
			if (names[i].is_dir)
				mkdir(at, 0700);
			else if (pass == 2)
				image_file(at, file_of(names[i].ino));
		}
	if (torn)
		memcpy(names, names_before, before * sizeof *names);
	n_names = before;
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

/* Is this descriptor of the lake, while it is watched?  Then what and where. */
static bool
ours(int fd, struct stat *st, char *path, size_t size)
{
	char	link[64];
	ssize_t	n;

	if (!watching || fstat(fd, st) != 0)
		return false;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if ((n = readlink(link, path, size - 1)) <= 0)
		return false;
	path[n] = '\0';
	return strncmp(path, root, strlen(root)) == 0;
}

static void
stable(int fd)
{
	struct stat	st;
	char		path[200];

	if (!ours(fd, &st, path, sizeof path) || (left_out != NULL &&
	    strcmp(left_out, class_of(path, S_ISDIR(st.st_mode))) == 0))
		return;
	if (S_ISDIR(st.st_mode))
		sync_folder(path);
	else
		sync_file(file_known(fd, st.st_ino), (size_t)st.st_size);
}

/* Written, or cut off where p is NULL, and not yet synced. */
static void
unstable(int fd, off_t at, const void *p, ssize_t n)
{
	struct stat	st;
	char		path[200];

	if (n >= 0 && torn && ours(fd, &st, path, sizeof path) &&
	    S_ISREG(st.st_mode))
		pending_add(file_known(fd, st.st_ino), (size_t)at, p,
		    (size_t)n);
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
	ssize_t	done;
	off_t	at;

	tick();
	at = lseek(fd, 0, SEEK_CUR);
	done = __real_write(fd, p, n);
	unstable(fd, at, p, done);
	return done;
}

ssize_t
__wrap_pwrite64(int fd, const void *p, size_t n, off_t at)
{
	ssize_t	done;

	tick();
	done = __real_pwrite64(fd, p, n, at);
	unstable(fd, at, p, done);
	return done;
}

int
__wrap_ftruncate64(int fd, off_t n)
{
	int	bad;

	tick();
	if ((bad = __real_ftruncate64(fd, n)) == 0)
		unstable(fd, n, NULL, 0);
	return bad;
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
	const struct fsck_opts	opt = { .deep = true, .found = found };
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

/* Each file that was written has a descriptor held. */
static void
limit_raise(void)
{
	struct rlimit	r;

	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
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

	if (argc < 4)
		return 2;
	limit_raise();
	snprintf(root, sizeof root, "%s/lake", argv[1]);
	snprintf(image, sizeof image, "%s/image", argv[1]);
	srand((unsigned)atoi(argv[2]));
	torn = strcmp(argv[3], "torn") == 0;
	/* The lake's own folder matters while it is made, the rest after. */
	class = argc > 4 ? argv[4] : "";
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
