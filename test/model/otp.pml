/*
 * otp.pml
 *		The protocol: issue, resend, cancel and verify, as src/challenge.c and src/attempt.c have it.
 *
 * A call is a sequence of steps, and next[me] is the step to come.  A step is indivisible; between
 * two of them anything may happen.  Why they may be as coarse as this is said in README.md.
 */

/* Calls */
#define VERIFY			1
#define ISSUE			2
#define RESEND			3
#define CANCEL			4

/* Steps */
#define IDLE			0
#define JUDGE			1	/* verify: under the user's lock, read, refuse or compare */
#define CHARGE			2	/* verify: charge, or overwrite what stands there; release the lock */
#define TELL			3	/* verify: flush, and tell the verdict */
#define READ			4	/* issue, cancel: read, without a lock */
#define BUDGET			5	/* issue: make the budget of a user who has none, under the lock */
#define INSERT			6	/* issue: insert the first row, under the lock */
#define INSERT_WAIT		7	/* issue: wait for whoever was first */
#define REPLACE			8	/* all: replace the version that was read */
#define SPEND			9	/* verify, spent at once: overwrite the version; release the lock */
#define WAIT_BUSY		10	/* the same: wait for the transaction that is replacing it */
#ifdef CHECK_BEFORE_LOCK
#define CHECK_LIMITS	11
#define FIRST_STEP		CHECK_LIMITS
#else
#define FIRST_STEP		JUDGE
#endif

/* Verdicts */
#define LOCKED			1
#define NO_CODE			2	/* refused, nothing was judged */
#define RIGHT			3
#define WRONG			4
#define REPLAYED		5
#define MISSED			6	/* another guess than the code that is spent */
#define SPENT_AT_ONCE	7

/* src/userlock.c */
#ifdef NO_LOCK
#define LOCK_IS_FREE(u)		true
#define lock_user(u)		skip
#define unlock_user(u)		skip
#else
#define LOCK_IS_FREE(u)		(lock_holder[u] == NOBODY)
#define lock_user(u)		lock_holder[u] = me
#define unlock_user(u) \
	if \
	:: lock_holder[u] == me -> lock_holder[u] = NOBODY \
	:: else \
	fi
#endif

/* src/store/permanent.c: is the budget's row one that no transaction can take away? */
#define BUDGET_IS_VISIBLE(u)	(has_budget[u] && (budget_xmin[u] == NONE || IS_MINE(budget_xmin[u])))
#define BUDGET_STAYS(u)			(budget_xmin[u] == NONE)

/* otp_permanent_insert() of an all-zero budget, under the user's lock */
inline make_budget(u)
{
	PROMISE(no_wait_under_lock, !has_budget[u]);
	has_budget[u] = true;
#ifdef NO_FREEZE
	budget_xmin[u] = XID;
#endif
	wrote[me] = true;
	unflushed[me] = true
}

/* begin_round(): what the row and the budget are now; the caller has the lock. */
inline read_state()
{
	find_row(place);
	PROMISE(lost_race_shows_another_row, round == 0 || found != row[me]);
	row[me] = found;
	my_total = total[user];
	my_counted = (row[me] == NO_ROW -> 0 : counted[AT(place, version[row[me]].code)])
}

/* src/limits.c */
#define USED		(my_total - version[row[me]].total_at_issue)
#ifdef TOKENS
#define CODE_LEFT	true
#else
#define CODE_LEFT	(USED >= 0 && USED < MAX_ATTEMPTS)
#endif
#ifdef LIMIT_OF_CODE_ONLY
#define USER_LOCKED	false
#else
#define USER_LOCKED	(my_total >= FREE_GUESSES)
#endif

/* refusal(): `verdict`, or 0 */
inline refuse()
{
	if
	:: USER_LOCKED -> verdict = LOCKED
	:: else ->
		if
		:: row[me] == NO_ROW -> verdict = NO_CODE
		:: else ->
			if
			:: version[row[me]].state == CANCELLED -> verdict = NO_CODE
			:: version[row[me]].state == LIVE && !CODE_LEFT -> verdict = LOCKED
			:: else -> verdict = 0
			fi
		fi
	fi;
	if
	:: verdict == 0 -> check_stop()
	:: else
	fi
}

/* guess_is_right(), behind otp_overwrite_begin() */
inline compare()
{
	if
	:: !BUDGET_IS_VISIBLE(user) -> make_budget(user)
	:: else
	fi;
#ifndef OVERWRITE_ANY
	PROMISE(P6_an_answer_not_an_error, BUDGET_STAYS(user));
#endif
	prepare_stop();
	match();
	if
	:: verdict == WRONG ->
		judged[AT(place, code)] = judged[AT(place, code)] | BIT(guess);
		check_limits(user);
		check_consecutive();
		WITNESS(wrong_while_the_row_is_being_replaced, version[row[me]].xmax != NONE);
		WITNESS(old_code_at_a_new_one, guess < code)
	:: else
	fi
}

/* otp_limits_counted(): the same wrong guess at the same code is charged once. */
#ifdef NO_DIGESTS
#define IS_CHARGED	(verdict == WRONG || verdict == REPLAYED)
#else
#define IS_CHARGED	((verdict == WRONG || verdict == REPLAYED) && (my_counted & BIT(guess)) == 0)
#endif

/* A charge, or else the budget or a decoy as it stands: either way a record */
inline charge_or_decoy()
{
	if
	:: IS_CHARGED ->
		total[user] = my_total + 1;
		counted[AT(place, code)] = my_counted | BIT(guess);
		charge_in_transaction();
		wrote[me] = true;
		unflushed[me] = true
	:: else ->
		WITNESS(same_wrong_guess_is_free, verdict == WRONG);
#ifndef NO_DECOY
		wrote[me] = true;
		unflushed[me] = true
#endif
	fi;
	unlock_user(user);
	next[me] = TELL
}

/* otp_permanent_flush(), and the verdict is told. */
inline flush_and_tell()
{
#ifndef NO_FLUSH
	if
	:: unflushed[me] -> flush_all()
	:: else
	fi;
#ifndef FORGET_WRITES
	wrote[me] = wrote[me] && before;
#else
	wrote[me] = false;
#endif
#endif
	if
	:: verdict == WRONG || verdict == REPLAYED ->
		told[AT(place, code)] = told[AT(place, code)] | BIT(guess)
	:: else
	fi;
	tell_at_once();
	check_told();
	WITNESS(user_locked, verdict == LOCKED && total[user] == FREE_GUESSES);
	WITNESS(code_locked, verdict == LOCKED && total[user] < FREE_GUESSES);
	WITNESS(no_code, verdict == NO_CODE);
	WITNESS(replayed, verdict == REPLAYED);
	WITNESS(lost_race_then_replayed, verdict == REPLAYED && round > 0);
	WITNESS(lost_race_then_wrong, verdict == WRONG && round > 0);
	WITNESS(missed_a_spent_code, verdict == MISSED);
	end_call()
}

/* begin_round(), refusal(), otp_charge_unless_right() up to the comparison */
inline judge()
{
	lock_user(user);
	read_state();
#ifndef CHECK_BEFORE_LOCK
	refuse();
#endif
	if
	:: verdict == 0 -> compare()
	:: else
	fi;
	if
#ifdef TOKENS
	/* the lock is kept */
	:: verdict == RIGHT && spends_at_once -> next[me] = SPEND
#endif
	:: verdict == RIGHT && !spends_at_once ->
#ifndef KEEP_LOCK
		unlock_user(user);
#endif
		next[me] = REPLACE
	:: verdict != RIGHT -> next[me] = CHARGE
	fi
}

/* otp_challenge_update() has succeeded: the guess is accepted, and the application does its work. */
inline accept()
{
	PROMISE(P2_one_acceptance, ((effect[XID] | at_once) & BIT(AT(place, guess))) == 0);
	effect[XID] = effect[XID] | BIT(AT(place, guess));
	clear_stop();
	WITNESS(accepted_after_a_rollback, (given_back & BIT(AT(place, guess))) != 0);
#ifdef SPEND_AT_ONCE
	version[j].xmin = NONE;
	version[row[me]].xmax = GONE
#endif
}

/* spend(), replace() and otp_cancel(): the update, once CAN_UPDATE; if it is lost, read again. */
inline replace()
{
#ifdef BLIND_SPEND
	find_row(place);
	row[me] = found;
#ifdef TOKENS
	code = version[found].code;
#endif
#endif
	if
#ifdef TOKENS
	:: call == VERIFY -> update_position()
#else
	:: call == VERIFY -> update_row(place, SPENT, version[row[me]].code, version[row[me]].total_at_issue)
#endif
	:: call == ISSUE -> update_row(place, LIVE, code, my_total)
	:: call == CANCEL -> update_row(place, CANCELLED, version[row[me]].code, version[row[me]].total_at_issue)
	fi;
	if
	:: lost && call == VERIFY ->
		round = 1;
#ifdef KEEP_LOCK
		unlock_user(user);
#endif
#ifdef NO_REJUDGE
		verdict = REPLAYED;
		next[me] = TELL
#else
		next[me] = FIRST_STEP
#endif
	:: lost && call != VERIFY -> next[me] = READ
	:: else ->
		if
		:: call == VERIFY -> accept()
		:: else
		fi;
#ifdef KEEP_LOCK
		unlock_user(user);
#endif
		end_call()
	fi
}

#ifdef REFILL_BY_RESEND
/* A resend that counts from anew */
inline refill()
{
	if
	:: found != NO_ROW && version[found].state == LIVE && version[found].xmax == NONE ->
		update_row(place, LIVE, version[row[me]].code, total[user])
	:: else
	fi;
	end_call()
}
#endif

/* fetch() of challenge.c.  What issue reads here may be old when the row is replaced: total_at_issue
   is then too low, never too high. */
inline read_for_change()
{
	find_row(place);
	row[me] = found;
	my_total = total[user];
	if
	:: call == ISSUE && !BUDGET_IS_VISIBLE(user) -> next[me] = BUDGET
	:: call == ISSUE && BUDGET_IS_VISIBLE(user) -> next[me] = (found == NO_ROW -> INSERT : REPLACE)
#ifdef REFILL_BY_RESEND
	:: call == RESEND -> refill()
#endif
	:: call == CANCEL && found != NO_ROW && version[found].state == LIVE -> next[me] = REPLACE
	:: else -> end_call()
	fi
}

/* make_budget() of challenge.c */
inline make_budget_for_issue()
{
	if
	:: !BUDGET_IS_VISIBLE(user) -> make_budget(user)
	:: else
	fi;
	my_total = total[user];
	next[me] = (row[me] == NO_ROW -> INSERT : REPLACE)
}

/* insert_first(): unless there is a row, even one that is not committed */
inline insert_first()
{
	found = NO_ROW;
	for (i : place * VERSIONS .. (place + 1) * VERSIONS - 1) {
		if
		:: version[i].state != FREE && version[i].xmax != GONE && !IS_MINE(version[i].xmax) ->
#ifdef INSERT_BLINDLY
			skip
#else
			found = i
#endif
		:: else
		fi
	};
	if
	:: found == NO_ROW ->
		insert_row(place, LIVE, code, my_total);
		end_call()
	:: else ->
		WITNESS(second_to_insert, true);
		row[me] = found;
		next[me] = INSERT_WAIT
	fi
}

#define INSERTER_HAS_ENDED	(version[row[me]].state == FREE || version[row[me]].xmin == NONE)
