/*
 * stop.pml
 *		The stop, as src/stop.c has it: after STOP wrong guesses of the user since the last committed
 *		acceptance for the purpose nothing is judged for it.
 *
 * Table otp_baseline: from which total the guesses of a row count, and one more; 0: no row.  Those that a
 * transaction in progress has inserted by its id, those that have been committed by NONE.  Without STOP nothing.
 */
#ifdef STOP

byte base[(2 * SESSIONS + 2) * ROWS];
#define BASE(xid, r)	base[(xid) * ROWS + (r)]

/* Ghost: how many wrong guesses of the user had been judged when a code was accepted, and one more */
hidden byte guesses;
byte accepted_at[(2 * SESSIONS + 2) * ROWS];
#define ACCEPTED_AT(xid, r)	accepted_at[(xid) * ROWS + (r)]

#define RAISE(least, to) \
	if \
	:: (least) < (to) -> least = (to) \
	:: else \
	fi

/* otp_stop_load(), in `found`: the base of the purpose, or of all if it has no row; of committed rows */
inline load_stop()
{
	found = BASE(NONE, place);
#ifdef OWN_BASE_COUNTS
	RAISE(found, BASE(TOP(me), place));
	RAISE(found, BASE(SUB(me), place));
#endif
#ifdef REMOVE_LAST
	/* the acceptance has deleted the row that it outdoes */
	if
	:: BASE(TOP(me), place) + BASE(SUB(me), place) > 0 -> found = 0
	:: else
	fi;
#endif
#ifdef UNKNOWN_FROM_NOW
	RAISE(found, (found == 0 -> my_total + 1 : 0));
#else
	if
	:: found == 0 ->
		for (i : user * PURPOSES .. (user + 1) * PURPOSES - 1) {
			RAISE(found, BASE(NONE, i))
		}
	:: else
	fi;
#ifdef REMOVE_LAST
	RAISE(found, (BASE(TOP(me), place) + BASE(SUB(me), place) > 0 -> my_total + 1 : 0));
#endif
#endif
	/* the first guess of the user */
	RAISE(found, 1)
}

inline check_stop()
{
	load_stop();
#ifndef NO_STOP
	if
	:: my_total + 1 - found >= STOP -> verdict = LOCKED; WITNESS(stopped, true)
	:: else
	fi
#endif
}

/* otp_stop_prepare(): where the count begins is permanent, before the comparison. */
inline prepare_stop()
{
	load_stop();
	WITNESS(from_another_purpose, BASE(NONE, place) == 0 && found > 1);
	RAISE(BASE(NONE, place), found)
}

inline count_guesses()
{
	guesses = 0;
	for (i : AT(user * PURPOSES, 0) .. AT((user + 1) * PURPOSES, -1)) {
		guesses = guesses + GUESSES_OF(judged[i])
	}
}

/* otp_stop_clear(), with the acceptance */
inline clear_stop()
{
	count_guesses();
	RAISE(ACCEPTED_AT(XID, place), guesses + 1);
#ifdef BASE_AT_ONCE
	RAISE(BASE(NONE, place), my_total + 1)
#else
	RAISE(BASE(XID, place), my_total + 1)
#endif
}

/* P3: guesses since the last committed acceptance for the purpose, or for any if there was none */
inline check_consecutive()
{
	found = ACCEPTED_AT(NONE, place);
	for (i : user * PURPOSES .. (user + 1) * PURPOSES - 1) {
		RAISE(found, (ACCEPTED_AT(NONE, place) == 0 -> ACCEPTED_AT(NONE, i) : 0))
	};
	RAISE(found, 1);
	count_guesses();
	PROMISE(P3_limit_of_a_stop, guesses + 1 - found <= STOP);
	WITNESS(guess_after_an_acceptance, found > 1)
}

inline hand_over_stop(from, to)
{
	for (i : 0 .. ROWS - 1) {
		RAISE(BASE(to, i), BASE(from, i));
		BASE(from, i) = 0;
		RAISE(ACCEPTED_AT(to, i), ACCEPTED_AT(from, i));
		ACCEPTED_AT(from, i) = 0
	}
}

inline abort_stop(xid)
{
	for (i : 0 .. ROWS - 1) {
		BASE(xid, i) = 0;
		ACCEPTED_AT(xid, i) = 0
	}
}

#else

inline check_stop() { skip }
inline prepare_stop() { skip }
inline clear_stop() { skip }
inline check_consecutive() { skip }
inline hand_over_stop(from, to) { skip }
inline abort_stop(xid) { skip }

#endif
