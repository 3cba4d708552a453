/*
 * recovery.h
 *		Table otp_recovery: the set of recovery codes of each user.
 *
 * One row per user: a sealed seed from which the codes are derived, and a bit for each one spent.
 */
#ifndef OTP_STORE_RECOVERY_H
#define OTP_STORE_RECOVERY_H

#include "compat.h"

#include "datatype/timestamp.h"

#include "core/aead.h"
#include "store/permanent.h"
#include "store/relation.h"
#include "store/write.h"

/* codes of a set, at most: a bit each */
#define OTP_RECOVERY_MAX	64

#define OTP_RECOVERY_SEALED	(OTP_KEY_SIZE + OTP_SEAL_OVERHEAD)

typedef struct OtpRecovery
{
	uint64		spent;			/* bit i: code i has been accepted */
	TimestampTz made_at;
	int32		key_id;			/* the data key that the seed is sealed under */
	int			count;			/* codes of the set, 1 to OTP_RECOVERY_MAX */
	uint8		sealed[OTP_RECOVERY_SEALED];
	uint16		sealed_offset;	/* where that stands in the row, as GETSTRUCT gives it */
} OtpRecovery;

/* A row version: what it says, and the handle to replace it. */
typedef struct OtpRecoveryRow
{
	OtpRecovery recovery;
	HeapTuple	tuple;			/* a copy; NULL: there is none */
} OtpRecoveryRow;

/* Reads the row of a user; false if there is none.  OT005 if it is damaged. */
extern bool otp_recovery_fetch(Relation rel, Snapshot snapshot, const text *user,
							   OtpRecoveryRow *row);

/* Inserts; the caller holds the user's lock and has seen that there is no row. */
extern void otp_recovery_insert(Relation rel, const text *user, const OtpRecovery *recovery);

/* Compare-and-set: replaces the version that was fetched. */
extern OtpUpdateResult otp_recovery_update(Relation rel, const OtpRecoveryRow *row,
										   const text *user, const OtpRecovery *recovery);

/* Finishes an overwrite of the row: what is spent; cannot fail. */
extern void otp_recovery_overwrite(OtpOverwrite *overwrite, const OtpRecovery *recovery);

/* Deletes all rows of a user with the transaction, waiting for whoever changes one; returns how many. */
extern int64 otp_recovery_remove_all(Relation rel, const text *user);

/* What a row says that stands elsewhere, and whose it is; OT005 if it is damaged. */
extern const text *otp_recovery_read(Relation rel, HeapTuple tuple, OtpRecovery *recovery);

/* Has the user a row? */
extern bool otp_recovery_any(Relation rel, Snapshot snapshot, const text *user);

/* The data key of a row. */
extern int32 otp_recovery_key_id(HeapTuple tuple);

/* Finishes an overwrite of the row: key_id and what is sealed; cannot fail. */
extern void otp_recovery_reseal(OtpOverwrite *overwrite, const OtpRecovery *recovery);

#endif							/* OTP_STORE_RECOVERY_H */
