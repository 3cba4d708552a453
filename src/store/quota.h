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
#include "store/write.h"

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
	const text *scope;			/* one of these: */
#define OTP_QUOTA_OF_USER			"user"
#define OTP_QUOTA_OF_DESTINATION	"destination"
/* of messages, whose channel stands in place of the purpose */
#define OTP_QUOTA_OF_RECIPIENT		"recipient"
#define OTP_QUOTA_OF_PREFIX			"prefix"
/* of pushes with a number, and of codes that are sent again */
#define OTP_QUOTA_OF_PROMPT			"prompt"
#define OTP_QUOTA_OF_AGAIN			"again"
	const text *subject;
	const text *purpose;
} OtpQuotaKey;

/* Reads a row; all zero if there is none.  Exact if the caller holds the subject's lock. */
extern void otp_quota_fetch(Relation rel, Snapshot snapshot, const OtpQuotaKey *key,
							OtpQuotaRow *row);

/* Of a row as it stands: what it says, and whose it is. */
extern void otp_quota_read(HeapTuple tuple, OtpQuota *quota);
extern OtpQuotaKey otp_quota_key(Relation rel, HeapTuple tuple);

/* Is the subject of a scope a user? */
extern bool otp_quota_is_of_user(const text *scope);

/* The user of a row, or the pseudonym; NULL if it is of a destination. */
extern const text *otp_quota_user(HeapTuple tuple);

/*
 * Writes row->quota, permanently, into the row that was read, or makes it if there was none.  The caller has held the
 * subject's lock since.  false if another transaction, *busy, is deleting the row, or has.
 *
 * Errors: 55006 if this transaction has changed or deleted the row.
 */
extern bool otp_quota_put(Relation rel, const OtpQuotaKey *key, OtpQuotaRow *row,
						  TransactionId *busy);

/* Deletes all rows of a user, with the transaction, and hands over each as it was at its end; returns how many. */
extern int64 otp_quota_remove_each(Relation rel, const text *user, OtpTableRemoved removed,
								   void *arg);

#endif							/* OTP_STORE_QUOTA_H */
