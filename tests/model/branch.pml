/*
 * The branch protocol of src/engine/DESIGN 4, for one path: writers, folds,
 * commits, resets, merges, and the branch made again under its name.
 *
 * A kv transaction is one d_step.  Between two of them anybody may act, or the
 * process may die.  The ghosts say what is right:
 *	seen	what the last acknowledged write left at the path
 *	cut_v	seen, when the commit under way sealed
 *	fresh	the path was written since that seal
 *
 * One planted fault at a time, by -D: each guard is needed.
 *	N_ORDER		a fold takes the newest sealed area, not the oldest
 *	N_NOCAS		the advance compares nothing
 *	N_CUT		a fold goes past a cut whose tree is unknown
 *	N_PART		any slice gives the cut its tree
 *	N_TICKET	a commit ends whatever became of its cut
 *	N_SPLIT		put reads the branch in one tx and writes in another
 *	N_TOMB		delete looks at the working tree only
 *	N_RESET		reset leaves the cut alone
 *	N_RESETROW	reset takes rows out of sealed areas
 *	N_MERGE		merge looks for a clean branch only once
 */
#define AREAS	6
#define LAST	(AREAS - 1)
#define NONE	9	/* no row */
#define GONE	0	/* tombstone; absent */
#define MERGED	7

#ifndef WRITES
#define WRITES	2
#endif
#ifndef WRITERS
#define WRITERS	1
#endif
#ifndef FOLDS
#define FOLDS	1
#endif
#ifndef COMMITS
#define COMMITS	1
#endif
#ifndef RESETS
#define RESETS	0
#endif
#ifndef MERGES
#define MERGES	0
#endif
#ifndef REMAKES
#define REMAKES	0
#endif

byte	row[AREAS];
byte	open_ = 0, low = 0, work, head;
byte	uid, ticket, next_ticket, upto, cut_tree;
bit	cut_known;
byte	seen, cut_v, commits_made;
bit	fresh;
byte	i_, o_;

inline view(out)
{
	i_ = open_ + 1;
	out = NONE;
	do
	:: out == NONE && i_ > low -> i_--; out = row[i_]
	:: out == NONE && i_ <= low -> out = work
	:: out != NONE -> break
	od;
	i_ = 0
}

inline right()
{
	view(o_);
	assert(o_ == seen);		/* I1 */
	o_ = 0
}

#define stage(x)	row[open_] = x; seen = x; fresh = 1; right()
#define end_cut()	ticket = 0; cut_known = 0; upto = 0; cut_tree = 0

inline forget_rows(from, to)
{
	i_ = from;
	do
	:: i_ <= to -> row[i_] = NONE; i_++
	:: i_ > to -> break
	od;
	i_ = 0
}

inline remove_path()
{
#ifdef N_TOMB
	if
	:: work == GONE -> row[open_] = NONE
	:: work != GONE -> row[open_] = GONE
	fi;
#else
	row[open_] = NONE;
	view(was);
	if
	:: was == GONE -> skip
	:: was != GONE -> row[open_] = GONE
	fi;
	was = 0;
#endif
	seen = GONE; fresh = 1; right()
}

proctype Writer(byte base)
{
	byte n, was, area;

	do
	:: n == WRITES -> break
	:: n < WRITES ->
		n++;
		if
#ifdef N_SPLIT
		:: area = open_;
		   d_step { row[area] = base + n; seen = base + n; fresh = 1;
			right(); area = 0 }
#else
		:: d_step { stage(base + n) }
#endif
		:: d_step { remove_path() }
		:: d_step {			/* If-None-Match: * */
			view(was);
			assert(was == seen);
			if
			:: was == GONE -> stage(base + n)
			:: was != GONE -> skip
			fi; was = 0 }
		fi
	od
}

/* A slice of from … to: some of the areas, the oldest. */
inline slice(from, to)
{
	do
	:: to > from -> to--
	:: break
	od
}

/* Areas from … to over t: what a fold computes between its transactions. */
inline lay(from, to)
{
	a = from;
	do
	:: a <= to -> d_step {
		if :: row[a] != NONE -> t = row[a] :: else fi; a++ }
	:: a > to -> break
	od; a = 0
}

inline advance(from, to)
{
	d_step {
		if
#ifdef N_NOCAS
		:: true ->
#else
		:: u == uid && from == low ->
#endif
			forget_rows(from, to);
			work = t; low = to + 1;
			if
#ifdef N_PART
			:: ticket != 0 && !cut_known ->
#else
			:: ticket != 0 && !cut_known && low > upto ->
#endif
				cut_known = 1; cut_tree = t
			:: else
			fi;
			right()
#ifndef N_NOCAS
		:: else
#endif
		fi;
		t = 0; u = 0
	}
}

proctype Folder()
{
	byte n, a, from, to, t, u;
	bit go;

	do
	:: n == FOLDS -> break
	:: n < FOLDS ->
		d_step { n++;
			if :: open_ < LAST -> open_++; right() :: else fi }
		d_step {
			u = uid; t = work; from = low; to = open_;
#ifdef N_ORDER
			if :: to > from -> from = to - 1 :: else fi;
#endif
#ifndef N_CUT
			if
			:: ticket != 0 && !cut_known -> to = upto + 1
			:: else
			fi;
#endif
			go = from < to
		}
		if
		:: go -> to--; slice(from, to); to++; lay(from, to - 1);
			if
#ifdef N_ORDER
			:: d_step { row[from] = NONE; work = t; right(); t = 0 }
#else
			:: true -> advance(from, to - 1)
#endif
			:: skip			/* dies */
			fi
		:: !go
		fi;
		d_step { go = 0; from = 0; to = 0; t = 0; u = 0 }
	od
}

inline is_made()
{
	assert(head == cut_v);			/* I6 */
	assert(fresh || seen == head);
	commits_made++;
#ifdef REACH
	assert(commits_made < REACH);
#endif
}

proctype Committer()
{
	byte n, a, from, to, t, u, mine, todo;

	do
	:: n == COMMITS -> break
	:: n < COMMITS ->
		d_step {		/* seal; a cut that stands is taken over */
			n++;
			if
			:: open_ < LAST ->
				next_ticket++; mine = next_ticket;
				ticket = mine; upto = open_; cut_known = 0;
				cut_tree = 0; open_++;
				cut_v = seen; fresh = 0; right()
			:: else -> n = COMMITS
			fi
		}
		do
		:: mine == 0 -> break
		:: mine != 0 -> d_step {
			todo = 0;
			if
			:: ticket == mine && !cut_known -> todo = 1;
				from = low; to = upto; u = uid; t = work
#ifdef N_TICKET
			:: ticket != mine -> todo = 2
#endif
			:: ticket == mine && cut_known -> todo = 2
			:: else
			fi }
			if
			:: todo == 1 -> slice(from, to); lay(from, to);
				advance(from, to)
			:: todo == 2 -> d_step {
				if
#ifdef N_TICKET
				:: true ->
#else
				:: ticket == mine && cut_known ->
#endif
					head = cut_tree; is_made(); end_cut();
					right()
#ifndef N_TICKET
				:: else
#endif
				fi }
				break
			:: todo == 0 -> break
			fi
		:: break			/* dies */
		od;
		skip;
		d_step { mine = 0; todo = 0; from = 0; to = 0; t = 0; u = 0 }
	od
}

proctype Resetter()
{
	byte n, was;

	do
	:: n == RESETS -> break
	:: n < RESETS -> n++;
		if
		:: d_step {		/* all */
			if
			:: open_ < LAST ->
				forget_rows(0, open_);
				open_++; low = open_; work = head;
				seen = head; fresh = 0; end_cut(); right()
			:: else
			fi }
		:: d_step {		/* the path */
#ifdef N_RESETROW
			forget_rows(0, open_);
#endif
			view(was);
			if
			:: was != head -> row[open_] = head
			:: else
			fi;
			was = 0; seen = head; fresh = 0;
#ifndef N_RESET
			end_cut();
#endif
			right() }
		fi
	od
}

inline look_clean()
{
	clean = (work == head);
	i_ = 0;
	do
	:: i_ <= open_ -> clean = clean && row[i_] == NONE; i_++
	:: i_ > open_ -> break
	od;
	i_ = 0
}

proctype Merger()
{
	byte n, h, u;
	bit clean;

	do
	:: n == MERGES -> break
	:: n < MERGES ->
		d_step { n++; look_clean(); h = head; u = uid }
		if
		:: clean -> d_step {
#ifndef N_MERGE
			look_clean();
#endif
			if
			:: clean && h == head && u == uid && open_ < LAST ->
				assert(seen == head);
				forget_rows(0, open_);
				open_++; low = open_;
				head = MERGED; work = MERGED;
				seen = MERGED; fresh = 0; end_cut(); right()
			:: else
			fi }
		:: !clean
		fi;
		d_step { clean = 0; h = 0; u = 0 }
	od
}

/* The branch is deleted and made again at the same head, with a new uid. */
proctype Remaker()
{
	byte n;

	do
	:: n == REMAKES -> break
	:: n < REMAKES -> d_step {
		n++; forget_rows(0, open_); open_ = 0; low = 0;
		uid++; end_cut(); work = head; seen = head; fresh = 0;
		right() }
	od
}

init
{
	byte n;

	d_step { forget_rows(0, LAST) }
	atomic {
		do
		:: n < WRITERS -> run Writer(n * 3); n++
		:: n == WRITERS -> break
		od;
		run Folder(); run Committer(); run Resetter();
		run Merger(); run Remaker()
	}
}
