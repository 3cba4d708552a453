/*
 * quota.h
 *		Table otp_quota: how many codes were handed out to a user or a destination of late.
 *
 * A row is made by a permanent insert and from then on only overwritten in place.
 */
#ifndef OTP_STORE_QUOTA_H
#define OTP_STORE_QUOTA_H

#include "compat.h"

#include "storage/itemptr.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

#include "core/derive.h"
#include "store/permanent.h"

#define OTP_QUOTA_SLOTS	8

typedef struct OtpQuota
{
	int64		slot;			/* number of the last slot that has a count */
	int64		width;			/* microseconds of a slot */
	int32		issues[OTP_QUOTA_SLOTS];	/* slot n counts in issues[n % OTP_QUOTA_SLOTS] */
} OtpQuota;

typedef struct OtpQuotaRow
{
	bool		exists;
	ItemPointerData tid;
	OtpQuota	quota;
} OtpQuotaRow;

/* Whose row it is. */
typedef struct OtpQuotaKey
{
	const text *scope;			/* "user" or "destination" */
	const text *subject;
	const text *purpose;
} OtpQuotaKey;

/* Reads a row; all zero if there is none.  Exact if the caller holds the subject's lock. */
extern void otp_quota_fetch(Relation rel, Snapshot snapshot, const OtpQuotaKey *key,
							OtpQuotaRow *row);

/* Of a row as it stands: what it says, and whose it is. */
extern void otp_quota_read(HeapTuple tuple, OtpQuota *quota);
extern OtpQuotaKey otp_quota_key(Relation rel, HeapTuple tuple);

/* Makes the row permanently.  The caller holds the subject's lock and has seen that there is none. */
extern void otp_quota_create(Relation rel, const OtpQuotaKey *key, const OtpQuota *quota);

/* Finishes an overwrite; cannot fail. */
extern void otp_quota_overwrite(OtpOverwrite *overwrite, const OtpQuota *quota);

/* Deletes all rows of a user, with the transaction; returns how many. */
extern int64 otp_quota_remove_all(Relation rel, const text *user);

#endif							/* OTP_STORE_QUOTA_H */
