/*
 * promises.pml
 *		What is promised, and the ghosts that tell whether it is kept.
 *
 * A ghost is a variable that the protocol does not read: what clients have heard, what a
 * comparison has given away, the rows that the application wrote in the transaction of an
 * acceptance.
 */

/* Guesses at each code that were compared with it and wrong; that a client was told are wrong or
   replayed.  A bit for each guess. */
byte judged[ROWS * CODES];
byte told[ROWS * CODES];

/* The application's work: a row for each accepted code, a bit each, by the transaction's id */
byte effect[2 * SESSIONS + 2];
#define COMMITTED		NONE

/* Codes whose acceptance has been rolled back */
byte given_back;

/* Positions that are spent at once, those that would be read back, and those that a client was told of */
#ifdef TOKENS
byte at_once;
byte disk_at_once;
byte told_at_once;
bool rekeyed;
#else
#define at_once			0
#define disk_at_once		0
#endif

inline hand_over_effects(from, to)
{
	PROMISE(P2_one_acceptance, (effect[to] & effect[from]) == 0);
	PROMISE(P2_one_acceptance, (at_once & effect[from]) == 0);
	effect[to] = effect[to] | effect[from];
	effect[from] = 0
}

inline abort_effects(xid)
{
	given_back = given_back | effect[xid];
	effect[xid] = 0
}

/* P1: of each row the committed version is spent if and only if the work of its acceptance is
   committed; of an authenticator, its position is the greatest of those of which that is so, and of those that
   were spent at once. */
inline check_rows()
{
	for (i : 0 .. ROWS * VERSIONS - 1) {
		if
		:: version[i].state != FREE && version[i].xmin == NONE && version[i].xmax != GONE ->
#ifdef TOKENS
			PROMISE(P1_spent_with_its_work,
				BIT(version[i].code) <= (effect[COMMITTED] | at_once | 1)
				&& (effect[COMMITTED] | at_once | 1) < BIT(version[i].code + 1));
			PROMISE(sealed_under_the_new_key, !rekeyed || version[i].total_at_issue == 1)
#else
			PROMISE(P1_spent_with_its_work, (version[i].state == SPENT)
				== ((effect[COMMITTED] & BIT(AT(i / VERSIONS, version[i].code))) != 0))
#endif
		:: else
		fi
	}
}

/* P1: what a client was told stays counted. */
inline check_told()
{
	for (i : 0 .. USERS - 1) {
		found = 0;
		for (j : AT(i * PURPOSES, 0) .. AT((i + 1) * PURPOSES, -1)) {
			PROMISE(P1_rejection_is_permanent, (told[j] & ~counted[j]) == 0);
			found = found + GUESSES_OF(counted[j])
		}
		PROMISE(P3_charged_once, found == total[i])
	};
#ifdef TOKENS
	PROMISE(P1_spent_at_once_is_permanent, (told_at_once & ~at_once) == 0);
#endif
	found = 0
}

/* P3: no code and no user bears more wrong guesses than the limits say. */
inline check_limits(u)
{
	found = 0;
	for (i : AT((u) * PURPOSES, 0) .. AT(((u) + 1) * PURPOSES, -1)) {
		PROMISE(P3_limit_of_a_code, GUESSES_OF(judged[i]) <= MAX_ATTEMPTS);
		WITNESS(code_used_up, GUESSES_OF(judged[i]) == MAX_ATTEMPTS);
		found = found + GUESSES_OF(judged[i])
	}
	PROMISE(P3_limit_of_a_user, found <= FREE_GUESSES)
}

/* A crash takes the answers that nobody has heard. */
inline forget_untold()
{
	for (i : 0 .. ROWS * CODES - 1) {
		judged[i] = judged[i] & (told[i] | counted[i])
	}
}
