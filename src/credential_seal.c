/*
 * credential_seal.c
 *		The secrets of authenticators and the seeds of recovery codes, sealed.
 */
#include "compat.h"

#include "utils/timestamp.h"

#include "args.h"
#include "core/big_endian.h"
#include "credential_seal.h"
#include "errors.h"
#include "seal.h"

/* The table's name with its zero byte, numbers of fixed width, and the user to the end. */
typedef struct Identity
{
	size_t		length;
	uint8		bytes[64 + OTP_USER_ID_MAX];
} Identity;

static void
add_bytes(Identity *identity, const void *data, size_t length)
{
	Assert(identity->length + length <= sizeof(identity->bytes));
	memcpy(identity->bytes + identity->length, data, length);
	identity->length += length;
}

static void
add_number(Identity *identity, uint64 number)
{
	otp_put_64(identity->bytes + identity->length, number);
	identity->length += sizeof(number);
}

static void
begin_identity(Identity *identity, const char *table)
{
	identity->length = 0;
	add_bytes(identity, table, strlen(table) + 1);
}

static void
end_identity(Identity *identity, const text *user)
{
	add_bytes(identity, VARDATA_ANY(user), VARSIZE_ANY_EXHDR(user));
}

static void
identify_credential(Identity *identity, const OtpCredential *credential)
{
	begin_identity(identity, "otp_credential");
	add_number(identity, credential->id);
	add_number(identity, credential->kind);
	add_number(identity, credential->algorithm);
	add_number(identity, credential->digits);
	add_number(identity, credential->period);
	end_identity(identity, credential->user);
}

static void
identify_recovery(Identity *identity, const text *user, const OtpRecovery *recovery)
{
	begin_identity(identity, "otp_recovery");
	add_number(identity, recovery->made_at);
	add_number(identity, recovery->count);
	end_identity(identity, user);
}

/* An operator finds the row by what it is. */
static void
report_damaged(const OtpDataKey *key, const char *what)
{
	ereport(ERROR,
			errcode(ERRCODE_OTP_SEALED_DAMAGED),
			errmsg("a sealed secret does not open under data key %d", key->id),
			errdetail("%s has been changed, or is not of its row.", what),
			otp_errprivate());
}

void
otp_credential_seal(const OtpDataKey *key, OtpCredential *credential, const uint8 *secret,
					size_t length, uint8 *sealed)
{
	Identity	identity;

	identify_credential(&identity, credential);
	otp_seal_value(key, identity.bytes, identity.length, secret, length, sealed);
	credential->key_id = key->id;
	credential->sealed = sealed;
	credential->sealed_length = length + OTP_SEAL_OVERHEAD;
}

size_t
otp_credential_open(const OtpDataKey *key, const OtpCredential *credential, uint8 *secret)
{
	Identity	identity;

	identify_credential(&identity, credential);
	if (!otp_open_value(key, identity.bytes, identity.length, credential->sealed,
						credential->sealed_length, secret))
		report_damaged(key, psprintf("Authenticator %lld", (long long) credential->id));
	return credential->sealed_length - OTP_SEAL_OVERHEAD;
}

void
otp_recovery_seal(const OtpDataKey *key, const text *user, OtpRecovery *recovery,
				  const uint8 *seed)
{
	Identity	identity;

	identify_recovery(&identity, user, recovery);
	otp_seal_value(key, identity.bytes, identity.length, seed, OTP_KEY_SIZE, recovery->sealed);
	recovery->key_id = key->id;
}

void
otp_recovery_open(const OtpDataKey *key, const text *user, const OtpRecovery *recovery,
				  uint8 *seed)
{
	Identity	identity;

	identify_recovery(&identity, user, recovery);
	if (!otp_open_value(key, identity.bytes, identity.length, recovery->sealed,
						OTP_RECOVERY_SEALED, seed))
		report_damaged(key, psprintf("The set of recovery codes that was made at %s",
									 timestamptz_to_str(recovery->made_at)));
}
