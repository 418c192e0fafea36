/*
 * Mark and sweep of src/engine/DESIGN 6, beside a fold, an upload that
 * completes, a copy, and a branch made from a bare commit id; with PUT, beside
 * a put of another block and a rename, instead of these; with COLLECTORS=2,
 * beside another gc.
 *
 * Things: 0 a block, 1 a node that names it, 2 a commit over the node; 3 a block
 * that is put.
 * Names: 0 a branch's tree (the node), 1 a staged row (the block), 2 an upload
 * (the block), 3 another branch (node or commit).
 *
 *	N_GREY		naming while a mark runs leaves no note
 *	N_TOUCH		a fold leaves a node that it finds as it is
 *	N_FLOOR		the naming tx does not compare the floor
 *	N_REREAD	copy names what an earlier tx read
 *	N_DOOM		a bare commit id is named without asking
 *	N_ATOMIC	the sweep looks in one tx and deletes in another
 *	N_OLD		no block is noted, an old one neither
 *	N_LAST		what the end of the mark takes is not marked
 *	N_PARDON	commits marked after the first round stay doomed
 *	N_RAISE		a mark is turned off without a new epoch
 */
#ifdef PUT
#define THINGS	4
#else
#define THINGS	3
#endif
#define NAMES	4
#define NIL	7
#ifndef CYCLES
#define CYCLES	2
#endif
#ifndef COLLECTORS
#define COLLECTORS	1
#endif
#define is_block(x)	(x == 0 || x == 3)
#ifdef N_OLD
#define is_noted(x)	(x != NIL && !is_block(x))
#else
#define is_noted(x)	(x != NIL && (!is_block(x) || stamp[x] < epoch))
#endif
#ifdef PUT
#define noted		(grey[0] || grey[1] || grey[2] || grey[3])
#else
#define noted		(grey[0] || grey[1] || grey[2])
#endif

bit	here[THINGS], grey[THINGS], marking;
byte	stamp[THINGS], doom, name[NAMES];
byte	epoch, floor_, version;
byte	j_;
bit	need[THINGS];

#define below(x)						\
	if							\
	:: x == 2 -> need[1] = 1; need[0] = 1			\
	:: x == 1 -> need[0] = 1				\
	:: else							\
	fi

inline whole()	/* I8: what has a name is there, and all below; I19 */
{
	j_ = 0;
	do
	:: j_ < NAMES ->
		if
		:: name[j_] != NIL -> need[name[j_]] = 1; below(name[j_])
		:: else
		fi;
		j_++
	:: j_ == NAMES -> break
	od;
	j_ = 0;
	assert(!need[2] || doom == 0 || doom > floor_);
	do
	:: j_ < THINGS -> assert(!need[j_] || here[j_]); need[j_] = 0; j_++
	:: j_ == THINGS -> break
	od;
	j_ = 0
}

inline claim(n, x)
{
	name[n] = x;
#ifndef N_GREY
	if :: marking && is_noted(x) -> grey[x] = 1 :: else fi;
#endif
	whole()
}

/* Folds the staged row into the branch's tree, or deletes and folds that. */
proctype Folder()
{
	byte n, e, was;

	do
	:: n == 2 -> break
	:: n < 2 ->
		n++;
		if
		:: d_step { name[1] == 0 && name[0] == NIL ->
			e = epoch; was = version }
			d_step {
				if
#ifdef N_TOUCH
				:: here[1] -> skip
#endif
				:: else -> here[1] = 1; stamp[1] = epoch
				fi }
			d_step {
				if
#ifdef N_FLOOR
				:: version == was ->
#else
				:: version == was && floor_ <= e ->
#endif
					version++; name[1] = NIL; claim(0, 1)
				:: else
				fi; e = 0; was = 0 }
		:: d_step { name[0] == 1 -> version++; name[0] = NIL }
		:: break
		fi
	od
}

proctype Completer()		/* upload -> staged row, in one tx */
{
	d_step {
		if
		:: name[2] == 0 && name[1] == NIL ->
			version++; name[2] = NIL; claim(1, 0)
		:: else
		fi }
}

proctype Copier()
{
	byte x;

#ifdef N_REREAD
	d_step { x = name[0] }
	d_step { if :: name[3] == NIL -> claim(3, x) :: else fi; x = 0 }
#else
	d_step { if :: name[3] == NIL -> x = name[0]; claim(3, x) :: else fi;
		x = 0 }
#endif
	if
	:: d_step { name[3] = NIL }
	:: skip
	fi
}

proctype Raw()			/* a branch from the bare id of the commit */
{
	d_step {
		if
#ifdef N_DOOM
		:: name[3] == NIL && here[2] ->
#else
		:: name[3] == NIL && here[2] &&
		   (doom == 0 || doom > floor_) ->
#endif
			claim(3, 2)
		:: else
		fi }
}

#ifdef PUT
proctype Putter()
{
	d_step { here[3] = 1; stamp[3] = epoch }
	d_step {
		if
		:: name[1] == NIL && floor_ <= stamp[3] -> claim(1, 3)
		:: else
		fi }
}

proctype Mover()		/* a rename takes the only name away */
{
	byte n, x;

	do
	:: n == 2 -> break
	:: n < 2 ->
		d_step {
			n++;
			if
			:: name[1] != NIL && name[3] == NIL ->
				x = name[1]; name[1] = NIL; claim(3, x)
			:: name[3] != NIL && name[1] == NIL ->
				x = name[3]; name[3] = NIL; claim(1, x)
			:: else
			fi; x = 0 }
	od
}
#endif

inline clear()			/* notes go, a slice in a tx */
{
	i = 0;
	do
	:: i < THINGS -> d_step {
		over = over || epoch != mine;
		if :: !over -> grey[i] = 0 :: else fi; i++ }
	:: i == THINGS -> break
	od;
	i = 0
}

proctype Gc()
{
	byte n, i, mine;
	bit mark[THINGS], left, dead, over, later;

	do
	:: n == CYCLES -> break
	:: n < CYCLES ->
		d_step {	/* marking is off; who lives is overtaken */
			n++;
#ifndef N_RAISE
			epoch++;
#endif
			mine = epoch; marking = 0; i = 0; over = 0; later = 0;
			do
			:: i < THINGS -> mark[i] = 0; i++
			:: i == THINGS -> break
			od; i = 0 }
		clear();
		d_step { if
			 :: epoch == mine && !over -> marking = 1;
#ifdef N_RAISE
				epoch++; mine = epoch
#endif
			 :: else -> over = 1
			 fi }
		if :: over -> goto done :: !over fi;
		do		/* roots, one a snapshot; then all below */
		:: i < NAMES -> d_step {
			if :: name[i] != NIL -> mark[name[i]] = 1 :: else fi;
			i++ }
		:: i == NAMES -> break
		od; i = 0;
again:		skip;
		if
		:: skip
		:: skip -> goto leave
		:: skip -> goto done		/* dies */
		fi;
		d_step {
			over = epoch != mine;
			i = 0;
			do
			:: i < THINGS && !over ->
				if :: grey[i] -> grey[i] = 0; mark[i] = 1
				:: else fi; i++
			:: i == THINGS || over -> break
			od; i = 0;
			if :: mark[2] -> mark[1] = 1 :: else fi;
			if :: mark[1] -> mark[0] = 1 :: else fi }
		d_step { over = epoch != mine;
			 if
			 :: over
			 :: !over && !later -> later = 1;
				if
				:: mark[2] || !here[2] -> doom = 0
				:: else -> if :: doom == 0 -> doom = mine
					      :: else fi
				fi
			 :: !over && later ->
#ifndef N_PARDON
				if :: mark[2] -> doom = 0 :: else fi
#endif
			 fi }
		d_step {	/* this one condemns */
			over = epoch != mine;
			left = grey[1] || grey[2];
			if
			:: !left && !over -> floor_ = mine; marking = 0;
				i = 0;
				do
				:: i < THINGS ->
#ifndef N_LAST
					if :: grey[i] -> mark[i] = 1 :: else fi;
#endif
					grey[i] = 0; i++
				:: i == THINGS -> break
				od; i = 0; whole()
			:: else
			fi }
		if :: over -> goto done :: left && !over -> goto again
		   :: !left && !over fi;
		i = THINGS;	/* commits first */
		do
		:: i > 0 -> i--;
#ifdef N_ATOMIC
			dead = here[i] && !mark[i] && stamp[i] < mine;
			d_step { if :: dead -> here[i] = 0; whole() :: else fi }
#else
			d_step {
				if
				:: here[i] && !mark[i] && stamp[i] < mine ->
					here[i] = 0; whole()
				:: else
				fi }
#endif
		:: i == 0 -> break
		:: break	/* dies */
		od;
		goto done;
leave:		skip;		/* gives up */
		d_step { if :: epoch == mine -> marking = 0 :: else fi };
		clear();
done:		skip;
		d_step { i = 0; dead = 0; left = 0; over = 0; later = 0 }
	od
}

init
{
	byte k;

	d_step {
		here[0] = 1; here[1] = 1; here[2] = 1;
		name[0] = NIL; name[1] = NIL; name[2] = 0; name[3] = NIL
	}
	atomic {
		do
		:: k < COLLECTORS -> run Gc(); k++
		:: k == COLLECTORS -> break
		od; k = 0;
		run Completer();
#ifdef PUT
		run Putter(); run Mover()
#else
		run Folder(); run Copier(); run Raw()
#endif
	}
}
