/*
 * challenge.h
 *		Table otp_challenge: the issued code of a user and purpose.
 *
 * One row per user and purpose, never the code itself.
 */
#ifndef OTP_STORE_CHALLENGE_H
#define OTP_STORE_CHALLENGE_H

#include "compat.h"

#include "datatype/timestamp.h"
#include "storage/itemptr.h"

#include "core/derive.h"
#include "store/permanent.h"
#include "store/relation.h"
#include "store/write.h"

/* stored as "char" */
typedef enum OtpChallengeState
{
	OTP_CHALLENGE_LIVE = 'l',
	OTP_CHALLENGE_SPENT = 's',
	OTP_CHALLENGE_CANCELLED = 'c'
} OtpChallengeState;

typedef struct OtpChallenge
{
	TimestampTz issued_at;
	TimestampTz expires_at;
	int64		total_at_issue; /* the budget's total when the code was issued */
	uint8		tag[OTP_TAG_SIZE];	/* of the context */
	uint8		nonce[OTP_NONCE_SIZE];
	int32		key_id;			/* the data key that the code is derived from */
	int			length;
	OtpAlphabet alphabet;
	ItemPointerData budget;		/* where the user's budget stood then: a hint, or invalid */
	OtpChallengeState state;
} OtpChallenge;

/* A row version: what it says, and the handle to replace it. */
typedef struct OtpChallengeRow
{
	OtpChallenge challenge;
	HeapTuple	tuple;			/* a copy */
} OtpChallengeRow;

/* Reads the row of a user and purpose; false if there is none. */
extern bool otp_challenge_fetch(Relation rel, Snapshot snapshot, const text *user,
								const text *purpose, OtpChallengeRow *row);

/* Reads a row as it stands. */
extern void otp_challenge_read(HeapTuple tuple, OtpChallenge *challenge);

/* The purposes of a user's rows, as text. */
extern List *otp_challenge_purposes(Relation rel, Snapshot snapshot, const text *user);

/* Inserts; the caller has seen that there is no row, and holds the user's lock or knows that nobody else inserts one. */
extern void otp_challenge_insert(Relation rel, const text *user, const text *purpose,
								 const OtpChallenge *challenge);

/* Compare-and-set: replaces the version that was fetched. */
extern OtpUpdateResult otp_challenge_update(Relation rel, const OtpChallengeRow *row,
											const OtpChallenge *challenge);

/* Finishes an overwrite of the row: its state; cannot fail. */
extern void otp_challenge_overwrite(OtpOverwrite *overwrite, OtpChallengeState state);

/*
 * Deletes all rows of a user with the transaction, waiting for whoever changes one, and hands over each; returns how
 * many.
 */
extern int64 otp_challenge_remove_each(Relation rel, const text *user, OtpTableRemoved removed,
									   void *arg);

/* Has the user a row? */
extern bool otp_challenge_any(Relation rel, Snapshot snapshot, const text *user);

/* Of a row as it stands: the data key, when the code was issued, when it expires, and what for. */
extern int32 otp_challenge_key_id(HeapTuple tuple);
extern TimestampTz otp_challenge_issued_at(HeapTuple tuple);
extern TimestampTz otp_challenge_expires_at(HeapTuple tuple);
extern const text *otp_challenge_purpose(Relation rel, HeapTuple tuple);

#endif							/* OTP_STORE_CHALLENGE_H */
