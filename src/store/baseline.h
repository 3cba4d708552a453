/*
 * baseline.h
 *		Table otp_baseline: from where the consecutive wrong guesses of a user and purpose count.
 *
 * Rows are only inserted and deleted, so that nobody waits for anybody: of several the greatest
 * total counts.  A row with a negative total counts for nothing: it is a notice, which says what has been announced of
 * the guesses that count from its base.
 */
#ifndef OTP_STORE_BASELINE_H
#define OTP_STORE_BASELINE_H

#include "compat.h"

#include "nodes/pg_list.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

#include "core/derive.h"

/* What a notice says. */
typedef enum OtpNotice
{
	OTP_NOTICE_NONE,			/* the row is none */
	OTP_NOTICE_WARNED,
	OTP_NOTICE_STOPPED
} OtpNotice;

/* All rows of a user, of type HeapTuple, in the order of their purposes. */
extern List *otp_baseline_fetch_all(Relation rel, Snapshot snapshot, const text *user);

/*
 * The same without notices, and without those of acceptances of this transaction,
 * which may yet be rolled back.
 */
extern List *otp_baseline_fetch_committed(Relation rel, Snapshot snapshot, const text *user);

/* otp_budget.total of a row. */
extern int64 otp_baseline_total(HeapTuple tuple);

/* What a row says if it is a notice, and its *base. */
extern OtpNotice otp_baseline_notice(HeapTuple tuple, int64 *base);

/* The user and the purpose of a row. */
extern const text *otp_baseline_user(Relation rel, HeapTuple tuple);
extern const text *otp_baseline_purpose(Relation rel, HeapTuple tuple);

/* Inserts a row; permanently, or with the transaction. */
extern void otp_baseline_insert(Relation rel, const text *user, const text *purpose, int64 total,
								bool permanent);

/* Inserts a notice, permanently. */
extern void otp_baseline_insert_notice(Relation rel, const text *user, const text *purpose,
									   OtpNotice notice, int64 base);

/* Deletes all rows of a user, with the transaction; returns how many. */
extern int64 otp_baseline_remove_all(Relation rel, const text *user);

#endif							/* OTP_STORE_BASELINE_H */
