/*
 * rekey.c
 *		Re-sealing under the writing key: otp_rekey.
 *
 * What is sealed is overwritten where it stands: no row version, no lock that others wait for, and
 * nothing that a rollback undoes; what a row says stays the same.  A row that a transaction is changing is
 * left for the next time.  An update that has read the row before sees that it was overwritten
 * (otp_table_update()).
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "fmgr.h"
#include "utils/timestamp.h"

#include "args.h"
#include "channel_secret.h"
#include "cool_down.h"
#include "core/secure.h"
#include "credential_seal.h"
#include "errors.h"
#include "keyring.h"
#include "store/challenge.h"
#include "store/credential.h"
#include "store/permanent.h"
#include "store/recovery.h"
#include "userlock.h"

typedef struct Rekeying
{
	int32		writing_id;
	int			batch;			/* rows that may still be re-sealed */
	int64		left;			/* rows that are not under the writing key, so far */
} Rekeying;

/* Can the row be overwritten now?  Then its page is locked. */
static bool
begin_overwrite(OtpOverwrite *overwrite, Relation rel, ItemPointer tid)
{
	TransactionId busy;

	return otp_overwrite_try(overwrite, rel, tid, &busy) == OTP_OVERWRITE_READY;
}

static bool
reseal_credential(Relation rel, HeapTuple tuple, int32 writing_id)
{
	OtpCredentialRow row;
	OtpOverwrite overwrite;
	uint8		secret[OTP_KEY_MAX];
	uint8		sealed[OTP_CREDENTIAL_SEALED_MAX];
	int32		ids[2] = {writing_id, 0};
	size_t		length;

	otp_credential_read(rel, tuple, &row);
	ids[1] = row.credential.key_id;
	otp_data_keys_fetch(ids, lengthof(ids));
	length = otp_credential_open(otp_data_key_at_hand(ids[1]), &row.credential, secret);
	PG_TRY();
	{
		otp_credential_seal(otp_data_key_at_hand(writing_id), &row.credential, secret, length,
							sealed);
	}
	PG_FINALLY();
	{
		otp_wipe(secret, length);
	}
	PG_END_TRY();
	if (!begin_overwrite(&overwrite, rel, &tuple->t_self))
		return false;
	otp_credential_reseal(&overwrite, &row.credential);
	return true;
}

static bool
reseal_recovery(Relation rel, HeapTuple tuple, int32 writing_id)
{
	OtpRecovery recovery;
	const text *user;
	OtpOverwrite overwrite;
	uint8		seed[OTP_KEY_SIZE];
	int32		ids[2] = {writing_id, 0};

	user = otp_recovery_read(rel, tuple, &recovery);
	ids[1] = recovery.key_id;
	otp_data_keys_fetch(ids, lengthof(ids));
	otp_recovery_open(otp_data_key_at_hand(ids[1]), user, &recovery, seed);
	PG_TRY();
	{
		otp_recovery_seal(otp_data_key_at_hand(writing_id), user, &recovery, seed);
	}
	PG_FINALLY();
	{
		otp_wipe(seed, sizeof(seed));
	}
	PG_END_TRY();
	if (!begin_overwrite(&overwrite, rel, &tuple->t_self))
		return false;
	otp_recovery_reseal(&overwrite, &recovery);
	return true;
}

/* An issued code cannot be re-sealed; once it has expired and its cool-down is over, its row is not needed. */
static bool
remove_challenge(Relation rel, HeapTuple tuple, int32 writing_id)
{
	TimestampTz now = GetCurrentTimestamp();

	return otp_challenge_expires_at(tuple) <= now && otp_cool_down_is_over(rel, tuple, now) &&
		otp_table_remove_if_idle(rel, tuple);
}

/* How the rows of one table are handled. */
typedef struct Handler
{
	Rekeying   *rekeying;
	int32		(*key_of) (HeapTuple);
	bool		(*handle) (Relation, HeapTuple, int32);
} Handler;

/* A row that is under another key: handled while the batch lasts, or else counted. */
static bool
visit(Relation rel, HeapTuple tuple, void *arg)
{
	const Handler *handler = arg;
	Rekeying   *rekeying = handler->rekeying;

	if (handler->key_of(tuple) == rekeying->writing_id)
		return true;
	if (rekeying->batch > 0 &&
		handler->handle(rel, heap_copytuple(tuple), rekeying->writing_id))
		rekeying->batch--;
	else
		rekeying->left++;
	return true;
}

static void
rekey_table(Rekeying *rekeying, OtpTable table, int32 (*key_of) (HeapTuple),
			bool (*handle) (Relation, HeapTuple, int32))
{
	Handler		handler = {rekeying, key_of, handle};
	Relation	rel = otp_table_open(table, NULL, RowExclusiveLock);

	otp_table_scan(rel, visit, &handler);
	table_close(rel, NoLock);
}

/* otp_rekey(batch integer) → integer */
PG_FUNCTION_INFO_V1(otp_rekey);
Datum
otp_rekey(PG_FUNCTION_ARGS)
{
	Rekeying	rekeying = {.batch = PG_GETARG_INT32(0)};
	XLogRecPtr	before = XactLastRecEnd;
	LOCKTAG		lock;

	if (rekeying.batch < 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("batch must not be negative"));
	otp_require_writable("otp_rekey()");
	rekeying.writing_id = otp_writing_key()->id;
	otp_key_check_committed(rekeying.writing_id);
	/* One at a time: a row that is re-sealed is read without its page's lock. */
	otp_keyring_lock(&lock);
	rekey_table(&rekeying, OTP_TABLE_CREDENTIAL, otp_credential_key_id, reseal_credential);
	rekey_table(&rekeying, OTP_TABLE_RECOVERY, otp_recovery_key_id, reseal_recovery);
	if (otp_table_exists(OTP_TABLE_CHANNEL_SECRET))
		rekeying.left += otp_channel_secrets_rekey(rekeying.writing_id, &rekeying.batch);
	rekey_table(&rekeying, OTP_TABLE_CHALLENGE, otp_challenge_key_id, remove_challenge);
	otp_lock_release(&lock);
	otp_permanent_flush(before);
	PG_RETURN_INT32(Min(rekeying.left, PG_INT32_MAX));
}
