/*
 * Group commit (kv/kv.h, K4 to K6): a leader runs the functions of three
 * callers in one transaction.  A sets x; B sets x if it is absent; C sets y.
 * In B the engine may lose the transaction; the COMMIT may fail, or fail and
 * yet have happened; the process may die.
 *
 *	N_EARLY	B is told of its refusal at once
 *	N_LOST	nobody asks whether the transaction is still there
 */
mtype = { NOTHING, DONE, REFUSED, FAILED };

bit	x, y;			/* on stable storage */
bit	tx, ty, inside;		/* in the transaction */
mtype	told_a = NOTHING, told_b = NOTHING, told_c = NOTHING;

active proctype Leader()
{
	mtype	b;

	inside = 1;
	tx = 1;
	if
	:: tx -> b = REFUSED
	:: inside = 0; tx = x; ty = y; b = FAILED	/* rolled back */
	fi;
#ifdef N_EARLY
	if :: b == REFUSED -> told_b = b :: else fi;
#endif
#ifndef N_LOST
	if :: !inside -> goto lost :: inside fi;
#endif
	if
	:: inside -> ty = 1
	:: !inside -> y = 1				/* by itself */
	fi;
	if
	:: inside -> d_step { x = tx; y = ty; inside = 0 }
	:: inside -> inside = 0; goto lost
	:: inside -> d_step { x = tx; y = ty; inside = 0 }; goto lost
	:: !inside
	:: goto dead
	fi;
	told_a = DONE; told_b = b; told_c = DONE;
	goto dead;
lost:	told_a = FAILED; told_c = FAILED;
	if :: told_b == NOTHING -> told_b = FAILED :: else fi;
dead:	assert(told_a != DONE || x);
	assert(told_b != REFUSED || x);
	assert(told_c != DONE || y)
}
