/*
 * enrollment.c
 *		Storing an authenticator of a user.
 *
 * Whoever stores one holds the user's lock and has seen all that the user has, also what other
 * transactions have not committed yet.  So a user has one pending enrolment, and no secret twice:
 * else each of its codes could be accepted twice.
 */
#include "compat.h"

#include "access/table.h"
#include "access/transam.h"
#include "forgotten_budget.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "authenticator.h"
#include "core/secure.h"
#include "credential_seal.h"
#include "enrollment.h"
#include "errors.h"
#include "userlock.h"

const char *
otp_credential_kind_name(OtpCredentialKind kind)
{
	return otp_method_name(kind == OTP_CREDENTIAL_TOTP ? OTP_METHOD_TOTP : OTP_METHOD_HOTP);
}

/* Removes the pending ones, waiting for whoever is changing them. */
static void
remove_pending(Relation rel, const text *user)
{
	Snapshot	snapshot = otp_snapshot_now();
	OtpCredentialRow *rows;
	int			count = otp_credential_fetch_all(rel, snapshot, user, &rows);

	UnregisterSnapshot(snapshot);
	for (int i = 0; i < count; i++)
		if (rows[i].credential.state == OTP_CREDENTIAL_PENDING)
			(void) otp_table_remove(rel, rows[i].tuple);
}

/* The transaction that has to end before it is known what the user has, or invalid. */
static TransactionId
transaction_in_the_way(const OtpCredentialRow *rows, int count)
{
	for (int i = 0; i < count; i++)
	{
		TransactionId maker = otp_credential_maker(&rows[i]);

		if (TransactionIdIsValid(maker))
			return maker;
	}
	return InvalidTransactionId;
}

static bool
keys_at_hand(int32 writing_id, const OtpCredentialRow *rows, int count)
{
	if (otp_data_key_at_hand(writing_id) == NULL)
		return false;
	for (int i = 0; i < count; i++)
		if (otp_data_key_at_hand(rows[i].credential.key_id) == NULL)
			return false;
	return true;
}

static void
fetch_keys(int32 writing_id, const OtpCredentialRow *rows, int count)
{
	int32	   *ids = palloc((count + 1) * sizeof(int32));

	ids[0] = writing_id;
	for (int i = 0; i < count; i++)
		ids[i + 1] = rows[i].credential.key_id;
	otp_data_keys_fetch(ids, count + 1);
	pfree(ids);
}

static bool
has_secret(const OtpCredential *credential, const OtpSecret *secret)
{
	uint8		key[OTP_KEY_MAX];
	size_t		length = otp_credential_open(otp_data_key_at_hand(credential->key_id),
											 credential, key);
	bool		same = length == secret->key_length && otp_equal(key, secret->key, length);

	otp_wipe(key, length);
	return same;
}

static void
check_others(const OtpCredentialRow *rows, int count, const OtpSecret *secret)
{
	if (count >= OTP_AUTHENTICATORS_MAX)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("a user must not have more than %d authenticators", OTP_AUTHENTICATORS_MAX),
				errhint("Revoke one that is no longer used."),
				otp_errprivate());
	for (int i = 0; i < count; i++)
		if (has_secret(&rows[i].credential, secret))
			ereport(ERROR,
					errcode(ERRCODE_UNIQUE_VIOLATION),
					errmsg("the user already has an authenticator with this secret"),
					errdetail("It has credential id %lld.", (long long) rows[i].credential.id),
					otp_errprivate());
}

static bool
has_pending(const OtpCredentialRow *rows, int count)
{
	for (int i = 0; i < count; i++)
		if (rows[i].credential.state == OTP_CREDENTIAL_PENDING)
			return true;
	return false;
}

/* The row, sealed into `sealed`, which has room for OTP_CREDENTIAL_SEALED_MAX bytes. */
static OtpCredential
make_credential(const OtpEnrollment *enrollment, int32 writing_id, int64 id, uint8 *sealed)
{
	const OtpSecret *secret = &enrollment->secret;
	TimestampTz now = GetCurrentTimestamp();
	OtpCredential credential = {
		.id = id,
		.last_position = enrollment->next_position - 1,
		.used_at = DT_NOBEGIN,
		.made_at = now,
		.expires_at = enrollment->active ? DT_NOEND : now + enrollment->lifetime,
		.drift = enrollment->drift,
		.period = secret->period,
		.window_size = enrollment->window_size,
		.algorithm = secret->algorithm,
		.digits = secret->digits,
		.kind = enrollment->kind,
		.state = enrollment->active ? OTP_CREDENTIAL_ACTIVE : OTP_CREDENTIAL_PENDING,
		.user = enrollment->user,
		.label = enrollment->label,
		.issuer = enrollment->issuer,
		.account = enrollment->account,
		.serial = enrollment->serial
	};

	otp_credential_seal(otp_data_key_at_hand(writing_id), &credential, secret->key,
						secret->key_length, sealed);
	return credential;
}

/*
 * One try; false if it has to be repeated, once what it had to wait for is over.
 */
static bool
try_to_store(Relation rel, const OtpEnrollment *enrollment, int32 writing_id, int64 id)
{
	uint8		sealed[OTP_CREDENTIAL_SEALED_MAX];
	SnapshotData dirty;
	OtpCredentialRow *rows;
	OtpCredential credential;
	TransactionId other;
	LOCKTAG		lock;
	int			count;
	bool		ready;

	if (!enrollment->active)
		remove_pending(rel, enrollment->user);
	InitDirtySnapshot(dirty);
	otp_user_lock(&lock, enrollment->user);
	count = otp_credential_fetch_all(rel, &dirty, enrollment->user, &rows);
	other = transaction_in_the_way(rows, count);
	ready = !TransactionIdIsValid(other) && keys_at_hand(writing_id, rows, count) &&
		(enrollment->active || !has_pending(rows, count));
	if (ready)
	{
		check_others(rows, count, &enrollment->secret);
		credential = make_credential(enrollment, writing_id, id, sealed);
		otp_credential_insert(rel, &credential);
	}
	otp_lock_release(&lock);
	if (TransactionIdIsValid(other))
		XactLockTableWait(other, rel, &rows[0].tuple->t_self, XLTW_InsertIndex);
	else if (!ready)
		fetch_keys(writing_id, rows, count);
	return ready;
}

int64
otp_enrollment_store(const OtpEnrollment *enrollment)
{
	/* The table first: once its lock is had, the writing key that is asked for then cannot be dropped. */
	Relation	rel = otp_table_open(OTP_TABLE_CREDENTIAL, enrollment->user, RowExclusiveLock);
	int64		id = otp_credential_next_id();
	int32		writing_id;
	OtpBudgetRow budget;

	/* As with a code that is issued: the first wrong guess costs what every other one does. */
	otp_budget_ensure(enrollment->user, &budget);
	writing_id = otp_writing_key()->id;
	while (!try_to_store(rel, enrollment, writing_id, id))
		CHECK_FOR_INTERRUPTS();
	table_close(rel, NoLock);
	return id;
}

bool
otp_enrollment_revoke(const text *user, int64 id, OtpCredentialKind *kind)
{
	Relation	rel = otp_table_open(OTP_TABLE_CREDENTIAL, user, RowExclusiveLock);
	bool		found;
	bool		done = false;

	do
	{
		Snapshot	snapshot = otp_snapshot_now();
		OtpCredentialRow *rows;
		int			count = otp_credential_fetch_all(rel, snapshot, user, &rows);

		CHECK_FOR_INTERRUPTS();
		UnregisterSnapshot(snapshot);
		found = false;
		for (int i = 0; i < count && !found; i++)
			if (rows[i].credential.id == id)
			{
				found = true;
				*kind = rows[i].credential.kind;
				done = otp_table_remove(rel, rows[i].tuple) == OTP_UPDATED;
			}
	} while (found && !done);
	table_close(rel, NoLock);
	return found;
}
