/*
 * postgres.pml
 *		What the protocol stands on: transactions, row versions, the WAL and a crash.
 *
 * A transaction has one id, and another one while a savepoint is open.  What a transaction that
 * has ended did to a row is written into the row's versions at once, as hint bits would say it
 * later: an xmin or xmax that is an id belongs to a transaction in progress.
 *
 * Of the WAL two things matter: does a session's last record lie behind the flushed position, and
 * what would be read back if the server crashed now (disk_…)?  A flush takes everything up
 * to now, but only if the session's own last record is not on disk yet: that others have written
 * behind it in the meantime is what a flush at an earlier moment leaves.
 */

/* Transaction ids */
#define NONE			0	/* xmin: committed; xmax: not replaced */
#define TOP(s)			(2 * (s) + 1)
#define SUB(s)			(2 * (s) + 2)
#define PREPARED		(2 * SESSIONS + 1)
#define GONE			255	/* xmax: replaced by a transaction that has committed */

#define OWNER(xid)		(((xid) - 1) / 2)	/* SESSIONS for PREPARED */
#define IS_MINE(xid)	((xid) == TOP(me) || (xid) == SUB(me))
#define XID				(savepoint[me] -> SUB(me) : TOP(me))

/* Table otp_challenge: a row for each user and purpose, each with room for so many versions */
#ifdef TOKENS
#define VERSIONS 6
#else
#define VERSIONS 4
#endif
#define NO_ROW			255

#define FREE			0
#define LIVE			1
#define SPENT			2
#define CANCELLED		3

typedef Version
{
	byte state;
	byte code;				/* the nonce, from which the code is derived */
	byte total_at_issue;
	byte xmin;
	byte xmax
}

Version version[ROWS * VERSIONS];

#ifdef TOKENS
/* What is overwritten where it stands, as it would be read back */
byte disk_code[ROWS * VERSIONS];
byte disk_key[ROWS * VERSIONS];
#endif

/* Of each session, and at the end of the prepared transaction: */
bool in_transaction[SESSIONS + 1];
bool savepoint[SESSIONS];
byte row[SESSIONS];			/* the version that was read, which vacuum spares */
byte next[SESSIONS + 1];	/* step of the call; see otp.pml */
bool wrote[SESSIONS];		/* XactLastRecEnd is valid: its commit has to be flushed */
bool unflushed[SESSIONS];	/* XactLastRecEnd is behind the flushed position */
bool crashed[SESSIONS];

#define NOBODY			255
byte lock_holder[USERS];	/* the user's lock */

/* Table otp_budget: a row a user, overwritten in place */
bool has_budget[USERS];
byte budget_xmin[USERS];	/* NONE: frozen */
byte total[USERS];
byte counted[ROWS * CODES];	/* digests, a bit for each guess at a code */
byte disk_total[USERS];
byte disk_counted[ROWS * CODES];

/* Scratch, of no meaning between two steps */
hidden byte i, j, found;

/* The version of a row that a snapshot of this moment shows to the session, in `found` */
inline find_row(r)
{
	found = NO_ROW;
	for (i : r * VERSIONS .. (r + 1) * VERSIONS - 1) {
		if
		:: version[i].state != FREE &&
				(version[i].xmin == NONE || IS_MINE(version[i].xmin)) &&
				!(version[i].xmax == GONE || IS_MINE(version[i].xmax)) ->
			PROMISE(one_row_per_purpose, found == NO_ROW);
			found = i
		:: else
		fi
	}
#ifdef STALE_SNAPSHOT
	if
	:: snapshot[me * ROWS + r] != NO_ROW && version[snapshot[me * ROWS + r]].xmax == GONE ->
		found = snapshot[me * ROWS + r]
	:: else
	fi
#endif
}

#ifdef STALE_SNAPSHOT
/* The version that was the last when the transaction began */
byte snapshot[SESSIONS * ROWS];
#define IN_SNAPSHOT(s, n)	(snapshot[(s) * ROWS] == (n) || snapshot[(s) * ROWS + ROWS - 1] == (n))
#else
#define IN_SNAPSHOT(s, n)	false
#endif

/* Is no other transaction in progress replacing the version that was read? */
#define CAN_UPDATE		(version[row[me]].xmax == NONE || version[row[me]].xmax == GONE)

/*
 * PostgreSQL's deadlock detector: the transaction waited for waits for this one.  With two rows
 * there is no longer circle.
 */
#define IS_WAITING(s)	((next[s] == REPLACE || next[s] == WAIT_BUSY) && version[row[s]].xmax != NONE && version[row[s]].xmax != GONE)
#define WAITS_FOR(s)	OWNER(version[row[s]].xmax)
#define IS_DEADLOCK \
	(IS_WAITING(me) && IS_WAITING(WAITS_FOR(me)) && WAITS_FOR(WAITS_FOR(me)) == me)

/* Room for a version, in `j` */
inline find_room(r)
{
	j = NO_ROW;
	for (i : r * VERSIONS .. (r + 1) * VERSIONS - 1) {
		if
		:: j == NO_ROW && version[i].state == FREE -> j = i
		:: else
		fi
	}
	PROMISE(room_for_versions, j != NO_ROW)
}

inline insert_row(r, new_state, new_code, new_total)
{
	find_room(r);
	version[j].state = new_state;
	version[j].code = new_code;
	version[j].total_at_issue = new_total;
	version[j].xmin = XID;
#ifdef TOKENS
	disk_code[j] = new_code;
	disk_key[j] = new_total;
#endif
	wrote[me] = true;
	unflushed[me] = true
}

/* heap_update() of the version that was read, once CAN_UPDATE; `lost` if it is not the last one */
inline update_row(r, new_state, new_code, new_total)
{
	lost = version[row[me]].xmax == GONE;
	if
	:: lost
	:: else ->
		insert_row(r, new_state, new_code, new_total);
		version[row[me]].xmax = XID
	fi
}

inline clear_version(n)
{
	version[n].state = FREE;
	version[n].code = 0;
	version[n].total_at_issue = 0;
	version[n].xmin = NONE;
	version[n].xmax = NONE;
#ifdef TOKENS
	disk_code[n] = 0;
	disk_key[n] = 0
#endif
}

/* Versions that nobody can see any more make room. */
inline vacuum()
{
	for (i : 0 .. ROWS * VERSIONS - 1) {
		if
		:: version[i].xmax == GONE ->
			found = 0;
			for (j : 0 .. SESSIONS - 1) {
				if
				:: row[j] == i || IN_SNAPSHOT(j, i) -> found = 1
				:: else
				fi
			}
			if
			:: found == 0 -> clear_version(i)
			:: else
			fi
		:: else
		fi
	};
	found = 0
}

/* All that the transaction `from` did is done by `to`: released, prepared or, NONE, committed */
inline hand_over(from, to)
{
	for (i : 0 .. ROWS * VERSIONS - 1) {
		if
		:: version[i].state != FREE && version[i].xmin == from -> version[i].xmin = to
		:: else
		fi;
		if
		:: version[i].xmax == from -> version[i].xmax = (to == NONE -> GONE : to)
		:: else
		fi
	}
	for (i : 0 .. USERS - 1) {
		if
		:: budget_xmin[i] == from -> budget_xmin[i] = to
		:: else
		fi
	}
	hand_over_charges(from, to);
	hand_over_stop(from, to);
	hand_over_effects(from, to)
}

/* What the transaction `xid` did is as if it had not been. */
inline abort_xid(xid)
{
	for (i : 0 .. ROWS * VERSIONS - 1) {
		if
		:: version[i].xmax == xid -> version[i].xmax = NONE
		:: else
		fi;
		if
		:: version[i].state != FREE && version[i].xmin == xid -> clear_version(i)
		:: else
		fi
	}
	for (i : 0 .. USERS - 1) {
		if
		:: budget_xmin[i] == xid ->
			has_budget[i] = false;
			budget_xmin[i] = NONE;
			total[i] = 0;
			disk_total[i] = 0;
			for (j : i * PURPOSES * CODES .. (i + 1) * PURPOSES * CODES - 1) {
				counted[j] = 0;
				disk_counted[j] = 0
			}
		:: else
		fi
	}
	abort_charges(xid);
	abort_stop(xid);
	abort_effects(xid)
}

/* XLogFlush() */
inline flush_all()
{
	for (i : 0 .. SESSIONS - 1) {
		unflushed[i] = false
	}
	for (i : 0 .. USERS - 1) {
		disk_total[i] = total[i]
	}
	for (i : 0 .. ROWS * CODES - 1) {
		disk_counted[i] = counted[i]
	}
#ifdef TOKENS
	for (i : 0 .. ROWS * VERSIONS - 1) {
		disk_code[i] = version[i].code;
		disk_key[i] = version[i].total_at_issue
	}
	disk_at_once = at_once;
#endif
}

/* What has been overwritten is read back as it is on disk. */
inline read_back()
{
#ifdef TOKENS
	for (i : 0 .. ROWS * VERSIONS - 1) {
		version[i].code = disk_code[i];
		version[i].total_at_issue = disk_key[i]
	}
	at_once = disk_at_once
#else
	skip
#endif
}

inline end_transaction(s)
{
	in_transaction[s] = false;
	savepoint[s] = false;
	wrote[s] = false;
	unflushed[s] = false
}
