/*
 * permanent.h
 *		Writes that outlive a rollback.
 *
 * See permanent.c for why they are safe.
 */
#ifndef OTP_STORE_PERMANENT_H
#define OTP_STORE_PERMANENT_H

#include "postgres.h"

#include "access/htup.h"
#include "storage/buf.h"
#include "storage/itemptr.h"
#include "utils/rel.h"

/*
 * Permanent insert: the row is visible to every snapshot from now on, and stays
 * whatever becomes of the transaction.  If the table has a unique index, the caller holds
 * the lock of the row's key and has called otp_table_check_not_removed().
 */
extern void otp_permanent_insert(Relation rel, HeapTuple tuple);

/*
 * Permanent overwrite, in two steps, so that nothing can fail once the caller knows what to
 * write:
 *
 *		begin	finds the row at `tid` and locks its page.  Errors: 55006 if a
 *				transaction is changing the row, XX001 if there is no row.
 *				From here to finish or abort the caller must not fail, and interrupts
 *				are held off.
 *		finish	writes the patches.  Or abort, which leaves all as it was.
 */
typedef struct OtpOverwrite
{
	Relation	rel;
	Buffer		buffer;
	OffsetNumber offset;
} OtpOverwrite;

/* New bytes for columns of fixed width that come before all others. */
typedef struct OtpPatch
{
	uint16		offset;			/* from the row's first column, as GETSTRUCT gives it */
	uint16		length;
	const void *data;
} OtpPatch;

/* patches of one overwrite, and the bytes of all of them, at most */
#define OTP_PATCH_COUNT		4
#define OTP_PATCH_BYTES		1152

typedef enum OtpOverwriteState
{
	OTP_OVERWRITE_READY,		/* as after otp_overwrite_begin() */
	OTP_OVERWRITE_BUSY,			/* another transaction is changing the row: *busy, else invalid */
	OTP_OVERWRITE_OWN,			/* this transaction has made or changed it, and a rollback would undo that */
	OTP_OVERWRITE_GONE,			/* it has been replaced or deleted */
	OTP_OVERWRITE_MISSING		/* there is no row */
} OtpOverwriteState;

extern void otp_overwrite_begin(OtpOverwrite *overwrite, Relation rel, ItemPointer tid);

/* The same without an error: says why nothing can be overwritten now, and then holds nothing. */
extern OtpOverwriteState otp_overwrite_try(OtpOverwrite *overwrite, Relation rel,
										   ItemPointer tid, TransactionId *busy);

/* Waits until the transaction, if it is valid, has ended.  The caller holds no lock of ours. */
extern void otp_overwrite_wait(TransactionId busy);

extern void otp_overwrite_finish(OtpOverwrite *overwrite, const OtpPatch *patches, int count);
extern void otp_overwrite_abort(OtpOverwrite *overwrite);

/*
 * Puts all permanent writes of this session on disk, and on the synchronous standbys,
 * exactly as a commit would under the session's synchronous_commit.
 *
 * before: XactLastRecEnd as it was when the caller began.  If the transaction had written nothing
 * then, its commit has nothing left to flush, and will not.
 */
extern void otp_permanent_flush(XLogRecPtr before);

/* Calls `step`, which may fail: its error is told once all permanent writes are on disk. */
typedef void (*OtpPermanentStep) (void *arg);
extern void otp_permanent_before_error(XLogRecPtr before, OtpPermanentStep step, void *arg);

#endif							/* OTP_STORE_PERMANENT_H */
