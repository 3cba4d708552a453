# shellcheck shell=bash
#
# What test/model/run checks; the sizes and what can be left out are in session.pml and basics.pml.
# Requirements: 1, 2, 4, 5, 11, 16.

guesses=(-DCODES=1 -DNO_ISSUE -DNO_SAVEPOINTS)
strict=(-DMAX_ATTEMPTS=1 -DFREE_GUESSES=2)

# an authenticator: two positions, or one
tokens=(-DTOKENS -DCODES=3 -DWRONGS=1 -DMAX_ATTEMPTS=8 -DFREE_GUESSES=8 -DNO_ISSUE)
one_position=("${tokens[@]}" -UCODES -DCODES=2 -UWRONGS -DWRONGS=0)

# a stop, and no other limit that comes before it
stop=(-DSTOP=2 -DMAX_ATTEMPTS=8 -DFREE_GUESSES=8 -DWRONGS=2 -DNO_SAVEPOINTS)
holds two-sessions \
	'accepted accepted_after_a_rollback accepted_and_rolled_back_to_savepoint
	lost_race_then_replayed lost_race_then_wrong replayed missed_a_spent_code old_code_at_a_new_one
	no_code code_used_up code_locked user_locked
	wrong_while_the_row_is_being_replaced interrupted_before_the_flush
	crash_between_charge_and_flush crash_spares_charges crash_while_accepted' \
	-DCALLS=2 "${strict[@]}" -DCRASHES=1
holds two-sessions-guessing \
	'accepted accepted_after_a_rollback lost_race_then_replayed replayed missed_a_spent_code
	code_used_up code_locked user_locked same_wrong_guess_is_free
	wrong_while_the_row_is_being_replaced interrupted_before_the_flush
	crash_between_charge_and_flush crash_spares_charges crash_while_accepted' \
	-DCALLS=4 "${guesses[@]}" -DCRASHES=1
holds two-sessions-preparing \
	'accepted accepted_by_commit_prepared rolled_back_prepared accepted_after_a_rollback
	lost_race_then_replayed lost_race_then_wrong wrong_while_the_row_is_being_replaced
	crash_while_prepared crash_between_charge_and_flush' \
	-DCALLS=2 "${strict[@]}" -DNO_SAVEPOINTS -DPREPARES -DCRASHES=1
holds three-sessions \
	'accepted accepted_by_commit_prepared rolled_back_prepared accepted_after_a_rollback
	accepted_and_rolled_back_to_savepoint lost_race_then_replayed lost_race_then_wrong
	old_code_at_a_new_one code_used_up code_locked wrong_while_the_row_is_being_replaced
	crash_between_charge_and_flush crash_while_prepared' \
	-DSESSIONS=3 -DCALLS=1 "${strict[@]}" -DPREPARES -DCRASHES=1
holds three-sessions-guessing \
	'accepted accepted_after_a_rollback lost_race_then_replayed replayed missed_a_spent_code
	code_used_up code_locked user_locked wrong_while_the_row_is_being_replaced' \
	-DSESSIONS=3 -DCALLS=2 "${guesses[@]}" "${strict[@]}"
holds two-users \
	'accepted accepted_by_commit_prepared accepted_after_a_rollback lost_race_then_replayed
	lost_race_then_wrong deadlock wrong_while_the_row_is_being_replaced' \
	-DUSERS=2 -DCALLS=2 "${strict[@]}" -DNO_SAVEPOINTS -DPREPARES
holds two-purposes \
	'accepted lost_race_then_replayed user_locked deadlock
	wrong_while_the_row_is_being_replaced same_wrong_guess_is_free' \
	-DPURPOSES=2 -DCALLS=2 -DFREE_GUESSES=2 -DNO_SAVEPOINTS
holds new-user \
	'accepted second_to_insert lost_race_then_wrong no_code code_used_up
	crash_between_charge_and_flush crash_while_accepted' \
	-DNEW_USER -DCALLS=2 "${strict[@]}" -DCRASHES=1
holds deleted-budget \
	'accepted lost_race_then_wrong code_used_up user_locked crash_between_charge_and_flush' \
	-DNO_BUDGET -DCALLS=2 "${strict[@]}" -DCRASHES=1
holds token \
	'accepted accepted_after_a_rollback accepted_and_rolled_back_to_savepoint replayed lost_race_then_replayed
	looked_ahead crash_while_accepted crash_between_charge_and_flush' \
	"${tokens[@]}" -DCALLS=2 -DCRASHES=1
holds token-at-once \
	'accepted spent_at_once own_row_in_the_transaction waited_to_spend_at_once
	replaced_before_spent_at_once overwritten_before_the_update crash_between_overwrite_and_flush' \
	"${tokens[@]}" -DAT_ONCE -DCALLS=2 -DNO_SAVEPOINTS -DCRASHES=1
holds token-three \
	'accepted spent_at_once waited_to_spend_at_once
	replaced_before_spent_at_once overwritten_before_the_update crash_between_overwrite_and_flush' \
	"${tokens[@]}" -DAT_ONCE -DWRONGS=0 -DSESSIONS=3 -DCALLS=1 -DNO_SAVEPOINTS -DPREPARES -DCRASHES=1
holds token-rekeyed \
	'accepted spent_at_once overwritten_before_the_update sealed_anew_before_the_update' \
	"${tokens[@]}" -DWRONGS=0 -DAT_ONCE -DREKEYS -DCALLS=2 -DNO_SAVEPOINTS
holds stop \
	'accepted accepted_after_a_rollback stopped guess_after_an_acceptance lost_race_then_wrong
	crash_between_charge_and_flush crash_while_accepted' \
	"${stop[@]}" -DCALLS=2 -DCRASHES=1
holds stop-two-purposes \
	'accepted stopped guess_after_an_acceptance from_another_purpose' \
	"${stop[@]}" -DPURPOSES=2 -DCALLS=2
if ${large:?}; then
	holds two-sessions-large \
		'accepted_by_commit_prepared accepted_and_rolled_back_to_savepoint crash_while_prepared' \
		-DCALLS=2 "${strict[@]}" -DPREPARES -DCRASHES=1
	holds two-sessions-three-calls 'lost_race_then_replayed lost_race_then_wrong user_locked' \
		-DCALLS=3 -DNO_SAVEPOINTS -DCRASHES=1
	holds three-sessions-crashing 'lost_race_then_replayed crash_between_charge_and_flush' \
		-DSESSIONS=3 -DCALLS=2 "${guesses[@]}" -DCRASHES=1
	holds token-at-once-large 'spent_at_once own_row_in_the_transaction overwritten_before_the_update' \
		"${tokens[@]}" -DAT_ONCE -DCALLS=2 -DCRASHES=1
fi

# The user's lock, and what is done under it in one step
breaks NO_LOCK P1_rejection_is_permanent -DCRASHES=1
breaks CHECK_BEFORE_LOCK P3_limit_of_a_code "${guesses[@]}" "${strict[@]}"
breaks NO_HOLD P3_judged_is_charged
breaks KEEP_LOCK no_wait_under_lock
breaks KEEP_LOCK 'invalid end state' -DNO_WAIT_CHECK -DNO_SAVEPOINTS
# The budget outlives the transaction, and the crash.
breaks BUDGET_IN_TRANSACTION P1_rejection_is_permanent
breaks BUDGET_IN_SUBTRANSACTION P1_rejection_is_permanent
breaks NO_FREEZE P6_an_answer_not_an_error -DNO_BUDGET
breaks NO_FREEZE P1_rejection_is_permanent -DNO_BUDGET -DOVERWRITE_ANY
breaks NO_FLUSH P1_rejection_is_permanent -DCRASHES=1
breaks NO_DECOY P1_rejection_is_permanent -DCRASHES=1
breaks FORGET_WRITES P1_commit_is_on_disk
# A code is spent with the transaction, once.
breaks SPEND_AT_ONCE P1_spent_with_its_work
breaks BLIND_SPEND P2_one_acceptance
breaks NO_REJUDGE P1_rejection_is_permanent
breaks STALE_SNAPSHOT lost_race_shows_another_row
breaks INSERT_BLINDLY one_row_per_purpose -DNEW_USER
# What an authenticator has accepted is overwritten where it stands, or updated.
breaks BLIND_SPEND P2_one_acceptance "${one_position[@]}"
breaks ONLY_THE_LAST P2_positions_grow "${tokens[@]}" -DAT_ONCE -DCALLS=1
breaks NO_LOCK P2_one_acceptance "${one_position[@]}" -DAT_ONCE
breaks OVERWRITE_BUSY P2_one_acceptance "${one_position[@]}" -DAT_ONCE
breaks OVERWRITE_OWN P1_spent_with_its_work "${tokens[@]}" -DAT_ONCE
breaks NO_LOOK P2_one_acceptance "${tokens[@]}" -DAT_ONCE
breaks NO_TAKE_OVER P1_spent_with_its_work "${tokens[@]}" -DAT_ONCE
breaks NO_LOOK_AT_KEY sealed_under_the_new_key "${tokens[@]}" -DREKEYS
breaks NO_FLUSH P1_spent_at_once_is_permanent "${tokens[@]}" -DAT_ONCE -DWRONGS=0 -DCRASHES=1
# No refill
breaks LIMIT_OF_CODE_ONLY P3_limit_of_a_user -DFREE_GUESSES=2
breaks REFILL_BY_RESEND P3_limit_of_a_code -DCALLS=3 "${guesses[@]}"
breaks NO_DIGESTS P3_charged_once
# A stop ends with a committed acceptance, and with no other.
breaks NO_STOP P3_limit_of_a_stop "${stop[@]}"
breaks CHECK_BEFORE_LOCK P3_limit_of_a_stop "${stop[@]}"
breaks BASE_AT_ONCE P3_limit_of_a_stop "${stop[@]}" -DCALLS=3
breaks OWN_BASE_COUNTS P3_limit_of_a_stop "${stop[@]}" -DCALLS=3
breaks REMOVE_LAST P3_limit_of_a_stop "${stop[@]}" -DCALLS=3
breaks UNKNOWN_FROM_NOW P3_limit_of_a_stop "${stop[@]}" -DPURPOSES=2
# PostgreSQL's part, to show that the model notices a deadlock
breaks NO_DEADLOCK_DETECTOR 'invalid end state' -DUSERS=2 -DNO_SAVEPOINTS -DNO_ISSUE
