/*
 * session.pml
 *		Who uses the protocol: sessions that call in any order what they like, in transactions that
 *		end in any way; whoever ends prepared transactions; and the crash.
 */
#include "basics.pml"
#include "postgres.pml"
#include "promises.pml"
#include "broken.pml"
#include "otp.pml"
#include "stop.pml"
#include "token.pml"

byte issued[ROWS];			/* codes, committed or not */
byte wrongs;				/* wrong guesses that somebody has thought of */
hidden byte k;

/* Any call, for any row; a guess is a code that was issued for it, a wrong guess of before or a new
   one. */
inline choose_call()
{
#if ROWS > 1
	if
	:: place = 0
	:: place = 1
	fi;
#endif
	if
	:: call = VERIFY;
		next[me] = FIRST_STEP;
		before = wrote[me];
#ifdef AT_ONCE
		if
		:: spends_at_once = true
		:: spends_at_once = false
		fi;
#endif
		if
#ifdef TOKENS
		:: guess = 1
#if CODES > 2
		:: guess = 2
#endif
#endif
		:: issued[place] > 0 -> guess = issued[place] - 1
		:: issued[place] > 1 -> guess = issued[place] - 2
		:: wrongs < WRONGS -> guess = CODES + wrongs; wrongs++
		:: wrongs > 0 -> guess = CODES + wrongs - 1
		:: wrongs > 1 -> guess = CODES + wrongs - 2
		fi
#ifndef NO_ISSUE
	:: issued[place] < CODES ->
		call = ISSUE;
		next[me] = READ;
		code = issued[place];
		issued[place]++
	:: call = CANCEL; next[me] = READ
#endif
#ifdef REFILL_BY_RESEND
	:: call = RESEND; next[me] = READ
#endif
	fi
}

inline begin_transaction()
{
	if
	:: in_transaction[me]
	:: else ->
		in_transaction[me] = true;
#ifdef STALE_SNAPSHOT
		for (k : 0 .. ROWS - 1) {
			find_row(k);
			snapshot[me * ROWS + k] = found
		}
#endif
	fi
}

inline end_call()
{
	next[me] = IDLE;
	row[me] = NO_ROW;
	vacuum();
	call = 0;
	place = 0;
	guess = 0;
	verdict = 0;
	code = 0;
	my_total = 0;
	my_counted = 0;
	round = 0;
	before = false;
	key = 0;
	spends_at_once = false;
	lost = false
}

inline commit()
{
	/* What has written nothing since its last flush does not wait for its commit record. */
	PROMISE(P1_commit_is_on_disk, wrote[me] || (effect[TOP(me)] | effect[SUB(me)]) == 0);
	if
	:: wrote[me] -> flush_all()
	:: else
	fi;
	WITNESS(accepted, (effect[TOP(me)] | effect[SUB(me)]) != 0);
	hand_over(SUB(me), TOP(me));
	hand_over(TOP(me), COMMITTED);
	end_transaction(me);
	vacuum();
	check_rows();
	check_told()
}

inline rollback()
{
	abort_xid(SUB(me));
	abort_xid(TOP(me));
	end_transaction(me);
	vacuum();
	check_rows();
	check_told()
}

/* ROLLBACK TO SAVEPOINT, or an EXCEPTION block; the savepoint is still there. */
inline rollback_to_savepoint()
{
	WITNESS(accepted_and_rolled_back_to_savepoint, effect[SUB(me)] != 0);
	abort_xid(SUB(me));
	vacuum();
	check_told()
}

inline release_savepoint()
{
	hand_over(SUB(me), TOP(me));
	savepoint[me] = false
}

inline prepare_transaction()
{
	hand_over(SUB(me), TOP(me));
	hand_over(TOP(me), PREPARED);
	flush_all();
	end_transaction(me);
	in_transaction[SESSIONS] = true;
	vacuum()
}

/* An error: cancelled, terminated, or a deadlock */
inline fail()
{
	PROMISE(P3_judged_is_charged, verdict != WRONG || (counted[AT(place, code)] & BIT(guess)) != 0);
	WITNESS(interrupted_before_the_flush, verdict == WRONG && unflushed[me]);
	unlock_user(user);
	end_call()
}

/* Where a call may be interrupted: nowhere from the comparison until the charge */
#ifdef NO_HOLD
#define MAY_FAIL	(next[me] == TELL || next[me] == CHARGE || next[me] == REPLACE && CAN_UPDATE)
#else
#define MAY_FAIL	(next[me] == TELL || next[me] == WAIT_BUSY || next[me] == REPLACE && CAN_UPDATE)
#endif

proctype session(byte me)
{
	byte calls;
	byte call, place, guess;
	byte verdict, code, my_total, my_counted;
	bit round, key;
	bool before, lost, spends_at_once;

connected:
	{
		do
		/* What the client does */
		:: atomic {
				next[me] == IDLE && calls < CALLS ->
				calls++;
				choose_call();
				d_step { begin_transaction() };
				/* the step that follows is no other's business */
				if
				:: d_step { next[me] == JUDGE && LOCK_IS_FREE(user) -> judge() }
				:: d_step { next[me] == READ -> read_for_change() }
				:: else
				fi
			}
#ifndef NO_SAVEPOINTS
		:: d_step {
				next[me] == IDLE && calls < CALLS && !savepoint[me] ->
				begin_transaction();
				savepoint[me] = true
			}
		:: d_step { next[me] == IDLE && savepoint[me] -> rollback_to_savepoint() }
		:: d_step { next[me] == IDLE && savepoint[me] -> release_savepoint() }
#endif
		:: d_step { next[me] == IDLE && in_transaction[me] -> commit() }
		:: d_step { next[me] == IDLE && in_transaction[me] -> rollback() }
#ifdef PREPARES
		:: d_step {
				next[me] == IDLE && in_transaction[me] && !in_transaction[SESSIONS] ->
				prepare_transaction()
			}
#endif
		:: next[me] == IDLE && calls == CALLS && !in_transaction[me] -> break

		/* The steps of its call */
#ifdef CHECK_BEFORE_LOCK
		:: d_step { next[me] == CHECK_LIMITS -> read_state(); refuse(); row[me] = NO_ROW; next[me] = JUDGE }
#endif
		:: d_step { next[me] == JUDGE && LOCK_IS_FREE(user) -> judge() }
		:: d_step { next[me] == CHARGE -> charge_or_decoy() }
		:: d_step { next[me] == TELL -> flush_and_tell() }
		:: d_step { next[me] == READ -> read_for_change() }
		:: d_step { next[me] == BUDGET && LOCK_IS_FREE(user) -> make_budget_for_issue() }
		:: d_step { next[me] == INSERT && LOCK_IS_FREE(user) -> insert_first() }
		:: d_step { next[me] == INSERT_WAIT && INSERTER_HAS_ENDED -> next[me] = READ }
		:: d_step { next[me] == REPLACE && CAN_UPDATE -> replace() }
#ifdef TOKENS
		:: d_step { next[me] == SPEND -> spend_at_once() }
		:: d_step { next[me] == WAIT_BUSY && CAN_UPDATE -> row[me] = NO_ROW; next[me] = FIRST_STEP }
#endif

		/* Errors */
		:: d_step { MAY_FAIL -> fail(); rollback() }
#ifndef NO_SAVEPOINTS
		:: d_step { MAY_FAIL && savepoint[me] -> fail(); rollback_to_savepoint() }
#endif
#ifndef NO_DEADLOCK_DETECTOR
		:: d_step { IS_DEADLOCK -> WITNESS(deadlock, true); fail(); rollback() }
#endif
#ifndef NO_WAIT_CHECK
		:: d_step {
				IS_WAITING(me) && lock_holder[user] == me ->
				PROMISE(no_wait_under_lock, false);
				skip
			}
#endif
		od
	} unless {
		atomic {
			crashed[me] ->
			d_step { end_call(); crashed[me] = false };
			goto connected
		}
	}
}

#ifdef PREPARES
/* Ends prepared transactions, as anybody may. */
proctype dba()
{
end:
	do
	:: d_step {
			in_transaction[SESSIONS] ->
			flush_all();
			WITNESS(accepted_by_commit_prepared, effect[PREPARED] != 0);
			hand_over(PREPARED, COMMITTED);
			in_transaction[SESSIONS] = false;
			vacuum();
			check_rows();
			check_told()
		}
	:: d_step {
			in_transaction[SESSIONS] ->
			WITNESS(rolled_back_prepared, effect[PREPARED] != 0);
			abort_xid(PREPARED);
			in_transaction[SESSIONS] = false;
			vacuum();
			check_rows();
			check_told()
		}
	od
}
#endif

#ifdef CRASHES
/* What was not flushed is lost; transactions in progress are aborted, prepared ones are not. */
proctype crash()
{
	byte crashes;

end:
	do
	:: d_step {
			crashes < CRASHES ->
			crashes++;
			WITNESS(crash_between_charge_and_flush, total[0] > disk_total[0]);
			WITNESS(crash_spares_charges, disk_total[0] > 0);
			WITNESS(crash_while_accepted, effect[TOP(0)] != 0);
			WITNESS(crash_while_prepared, in_transaction[SESSIONS]);
			for (k : 0 .. SESSIONS - 1) {
				abort_xid(SUB(k));
				abort_xid(TOP(k));
				end_transaction(k);
				crashed[k] = true
			}
			for (k : 0 .. USERS - 1) {
				lock_holder[k] = NOBODY;
				total[k] = disk_total[k]
			}
			for (k : 0 .. ROWS * CODES - 1) {
				counted[k] = disk_counted[k]
			}
			WITNESS(crash_between_overwrite_and_flush, at_once != disk_at_once);
			read_back();
			vacuum();
			forget_untold();
			check_rows();
			check_told()
		}
	od
}
#endif

init
{
	d_step {
		for (k : 0 .. ROWS - 1) {
			lock_holder[k / PURPOSES] = NOBODY;
#ifndef NEW_USER
			version[k * VERSIONS].state = LIVE;
#ifndef TOKENS
			issued[k] = 1;
#endif
#ifndef NO_BUDGET
			has_budget[k / PURPOSES] = true
#endif
#endif
		}
		for (k : 0 .. SESSIONS - 1) {
			row[k] = NO_ROW
		}
	}
	atomic {
		run session(0);
		run session(1);
#if SESSIONS > 2
		run session(2);
#endif
#ifdef PREPARES
		run dba();
#endif
#ifdef CRASHES
		run crash();
#endif
#ifdef REKEYS
		run rekey();
#endif
	}
}
