/*
 * token.pml
 *		The row of an authenticator in the place of that of an issued code: a position that only grows.
 *
 * Of a version, `code` is the position that was accepted last, 0 if none was, and total_at_issue is the
 * data key that the secret is sealed under.  A guess below CODES is the code of that position; what a
 * guess means depends on the position alone, so `counted` is what the digests are in the source.
 *
 * Purpose by purpose an acceptance is part of the transaction, or spent at once: then the version is
 * overwritten where it stands.
 */
#ifdef TOKENS

/* Where the version that was read stands now: does it say something else than it did? */
#ifdef NO_LOOK
#define OVERWRITTEN		false
#else
#ifdef NO_LOOK_AT_KEY
#define OVERWRITTEN		(version[row[me]].code != code)
#else
#define OVERWRITTEN		(version[row[me]].code != code || version[row[me]].total_at_issue != key)
#endif
#endif

/* otp_authenticators_search(): positions up to the last are used. */
#ifdef ONLY_THE_LAST
#define IS_USED			(guess == code)
#else
#define IS_USED			(guess <= code)
#endif
inline match()
{
	code = version[row[me]].code;
	key = version[row[me]].total_at_issue;
	if
	:: guess >= CODES -> verdict = WRONG
	:: guess < CODES && IS_USED -> verdict = REPLAYED
	:: guess < CODES && !IS_USED ->
		verdict = RIGHT;
		WITNESS(looked_ahead, guess > code + 1)
	fi
}

/* otp_table_update() with the position: made of what was read; if that has been overwritten
   meanwhile, our version takes over what is there, and nothing is accepted. */
inline update_position()
{
	update_row(place, LIVE, guess, key);
	if
	:: !lost && OVERWRITTEN ->
		WITNESS(overwritten_before_the_update, version[row[me]].code != code);
		WITNESS(sealed_anew_before_the_update, version[row[me]].total_at_issue != key);
		lost = true;
#ifndef NO_TAKE_OVER
		/* the second update; the first one's version is seen by nobody */
		version[j].code = version[row[me]].code;
		version[j].total_at_issue = version[row[me]].total_at_issue;
		disk_code[j] = version[j].code;
		disk_key[j] = version[j].total_at_issue
#endif
	:: else
	fi
}

/* otp_overwrite_try() */
#define IS_OWN(n)	(IS_MINE(version[n].xmin) || IS_MINE(version[n].xmax))
#define IS_BUSY(n)	(version[n].xmax != NONE && version[n].xmax != GONE && !IS_MINE(version[n].xmax))

#ifdef OVERWRITE_OWN
#define MAY_OVERWRITE	(version[row[me]].xmax == NONE)
#else
#ifdef OVERWRITE_BUSY
#define MAY_OVERWRITE	(!IS_OWN(row[me]) && version[row[me]].xmax != GONE)
#else
#define MAY_OVERWRITE	(version[row[me]].xmin == NONE && version[row[me]].xmax == NONE)
#endif
#endif

/* otp_spend() of a purpose that says so, still under the lock */
inline spend_at_once()
{
	if
	:: MAY_OVERWRITE ->
		PROMISE(P2_one_acceptance, ((effect[COMMITTED] | at_once) & BIT(guess)) == 0);
		PROMISE(P2_positions_grow, ((effect[COMMITTED] | at_once) >> guess) == 0);
		version[row[me]].code = guess;
		at_once = at_once | BIT(guess);
		wrote[me] = true;
		unflushed[me] = true;
		verdict = SPENT_AT_ONCE;
		next[me] = TELL
	:: !MAY_OVERWRITE && IS_OWN(row[me]) ->
		WITNESS(own_row_in_the_transaction, true);
		next[me] = REPLACE
	:: !MAY_OVERWRITE && !IS_OWN(row[me]) && IS_BUSY(row[me]) ->
		WITNESS(waited_to_spend_at_once, true);
		round = 1;
		next[me] = WAIT_BUSY
	:: else ->
		WITNESS(replaced_before_spent_at_once, true);
		round = 1;
		next[me] = FIRST_STEP
	fi;
	unlock_user(user)
}

/* otp_permanent_flush() has been done, or left out. */
inline tell_at_once()
{
	if
	:: verdict == SPENT_AT_ONCE ->
		WITNESS(spent_at_once, true);
		told_at_once = told_at_once | BIT(guess)
	:: else
	fi
}


#ifdef REKEYS
/* otp_rekey(): without the user's lock, and what a transaction is changing is left for later. */
proctype rekey()
{
	byte n;

	do
	:: d_step {
			!rekeyed ->
			for (n : 0 .. VERSIONS - 1) {
				if
				:: version[n].state == LIVE && version[n].xmin == NONE && version[n].xmax == NONE ->
					version[n].total_at_issue = 1;
					rekeyed = true
				:: else
				fi
			}
			flush_all();
			n = 0
		}
	:: rekeyed -> break
	od
}
#endif

#else

inline match()
{
	if
	:: version[row[me]].state == LIVE ->
		verdict = (guess == version[row[me]].code -> RIGHT : WRONG)
	:: else ->
		verdict = (guess == version[row[me]].code -> REPLAYED : MISSED)
	fi;
	code = version[row[me]].code
}

inline update_position() { skip }
inline tell_at_once() { skip }

#endif
