/*
 * Mark and sweep of src/engine/DESIGN 6, beside a fold, an upload that
 * completes, a copy, and a branch made from a bare commit id.
 *
 * Things: 0 a block, 1 a node that names it, 2 a commit over the node.
 * Names: 0 a branch's tree (the node), 1 a staged row (the block), 2 an upload
 * (the block), 3 another branch (node or commit).
 *
 *	N_GREY		naming while a mark runs leaves no note
 *	N_TOUCH		a fold leaves a node that it finds as it is
 *	N_FLOOR		the naming tx does not compare the floor
 *	N_REREAD	copy names what an earlier tx read
 *	N_DOOM		a bare commit id is named without asking
 *	N_ATOMIC	the sweep looks in one tx and deletes in another
 */
#define THINGS	3
#define NAMES	4
#define NIL	7
#ifndef CYCLES
#define CYCLES	2
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

inline whole()			/* I8: what has a name is there, and all below */
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
	if :: marking && x != NIL -> grey[x] = 1 :: else fi;
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

proctype Gc()
{
	byte n, i, mine;
	bit mark[THINGS], left, dead;

	do
	:: n == CYCLES -> break
	:: n < CYCLES ->
		d_step {
			n++; epoch++; mine = epoch; marking = 1; i = 0;
			do
			:: i < THINGS -> grey[i] = 0; mark[i] = 0; i++
			:: i == THINGS -> break
			od; i = 0 }
		do		/* roots, one a snapshot; then all below */
		:: i < NAMES -> d_step {
			if :: name[i] != NIL -> mark[name[i]] = 1 :: else fi;
			i++ }
		:: i == NAMES -> break
		od; i = 0;
again:		skip;
		d_step {
			i = 0;
			do
			:: i < THINGS ->
				if :: grey[i] -> grey[i] = 0; mark[i] = 1
				:: else fi; i++
			:: i == THINGS -> break
			od; i = 0;
			if :: mark[2] -> mark[1] = 1 :: else fi;
			if :: mark[1] -> mark[0] = 1 :: else fi }
		d_step { if :: !mark[2] && here[2] -> doom = mine
			 :: else -> doom = 0 fi }
		d_step {	/* this one condemns */
			left = grey[0] || grey[1] || grey[2];
			if :: !left -> floor_ = mine; marking = 0 :: else fi }
		if :: left -> goto again :: !left fi;
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
		skip;
		d_step { i = 0; dead = 0; left = 0 }
	od
}

init
{
	d_step {
		here[0] = 1; here[1] = 1; here[2] = 1;
		name[0] = NIL; name[1] = NIL; name[2] = 0; name[3] = NIL
	}
	atomic { run Gc(); run Folder(); run Completer(); run Copier();
		run Raw() }
}
