/*
 * broken.pml
 *		A budget that is part of the caller's transaction, as if UPDATE changed it: what many have
 *		built, and what the permanent overwrite is there for.
 *
 * Only for the mutations BUDGET_IN_TRANSACTION and BUDGET_IN_SUBTRANSACTION; without them,
 * nothing.
 */
#if defined(BUDGET_IN_TRANSACTION) || defined(BUDGET_IN_SUBTRANSACTION)

/* What each transaction in progress has charged */
byte charged[(2 * SESSIONS + 2) * ROWS * CODES];
#define CHARGED(xid, n)	charged[(xid) * ROWS * CODES + (n)]

#ifdef BUDGET_IN_TRANSACTION
#define IS_FORGOTTEN(xid)	true
#else
#define IS_FORGOTTEN(xid)	((xid) % 2 == 0)	/* savepoints alone */
#endif

inline charge_in_transaction()
{
	CHARGED(XID, AT(place, code)) = CHARGED(XID, AT(place, code)) | BIT(guess)
}

inline hand_over_charges(from, to)
{
	for (i : 0 .. ROWS * CODES - 1) {
		CHARGED(to, i) = (to == NONE -> 0 : CHARGED(to, i) | CHARGED(from, i));
		CHARGED(from, i) = 0
	}
}

inline abort_charges(xid)
{
	for (i : 0 .. ROWS * CODES - 1) {
		if
		:: IS_FORGOTTEN(xid) ->
			total[i / CODES / PURPOSES] = total[i / CODES / PURPOSES] - GUESSES_OF(counted[i] & CHARGED(xid, i));
			disk_total[i / CODES / PURPOSES] = disk_total[i / CODES / PURPOSES] - GUESSES_OF(disk_counted[i] & CHARGED(xid, i));
			counted[i] = counted[i] & ~CHARGED(xid, i);
			disk_counted[i] = disk_counted[i] & ~CHARGED(xid, i)
		:: else
		fi;
		CHARGED(xid, i) = 0
	}
}

#else

inline charge_in_transaction() { skip }
inline hand_over_charges(from, to) { skip }
inline abort_charges(xid) { skip }

#endif
