/*
 * recovery_set.c
 *		A user's set of recovery codes, and whether a guess is one of them.
 */
#include "compat.h"

#include "port/pg_bitutils.h"

#include "core/big_endian.h"
#include "core/derive.h"
#include "core/secure.h"
#include "credential_seal.h"
#include "errors.h"
#include "recovery_set.h"

int
otp_recovery_count_left(const OtpRecovery *recovery)
{
	return recovery->count - pg_popcount64(recovery->spent);
}

void
otp_recovery_state(const OtpRecoverySet *set, uint8 *state)
{
	otp_put_64(state, set->row.recovery.spent);
	otp_put_64(state + 8, set->row.recovery.made_at);
}

OtpHmac *
otp_recovery_seed(const text *user, const OtpRecovery *recovery)
{
	static OtpHmac *kept = NULL;
	uint8		seed[OTP_KEY_SIZE];
	bool		ok;

	if (kept == NULL)
		kept = otp_hmac_new(OTP_SHA256);
	otp_recovery_open(otp_data_key_at_hand(recovery->key_id), user, recovery, seed);
	ok = kept != NULL && otp_hmac_key(kept, seed, sizeof(seed));
	otp_wipe(seed, sizeof(seed));
	if (!ok)
		otp_openssl_error("compute an HMAC");
	return kept;
}

bool
otp_recovery_code(OtpHmac *seed, int i, char code[OTP_CODE_MAX + 1])
{
	OtpBinding	binding = {.purpose = {"recovery", 8}};
	uint8		tag[OTP_TAG_SIZE];

	otp_put_32(binding.nonce, i);
	return otp_derive_code(seed, &binding, OTP_ALPHABET_ALPHANUMERIC, OTP_RECOVERY_LENGTH,
						   code, tag);
}

void
otp_recovery_search(OtpRecoverySet *set, const text *user, const OtpGuess *guess)
{
	const OtpRecovery *recovery = &set->row.recovery;
	OtpHmac    *seed = otp_recovery_seed(user, recovery);
	char		code[OTP_CODE_MAX + 1];
	unsigned	found = 0;
	unsigned	which = 0;
	bool		ok = true;

	for (int i = 0; ok && i < recovery->count; i++)
	{
		unsigned	equal;

		ok = otp_recovery_code(seed, i, code);
		equal = otp_equal(code, guess->codes[0], OTP_RECOVERY_LENGTH);
		which |= (0 - equal) & (unsigned) i;
		found |= equal;
	}
	otp_wipe(code, sizeof(code));
	otp_hmac_wipe(seed);
	if (!ok)
		otp_openssl_error("derive a code");
	set->which = which;
	set->match = !found ? OTP_MATCH_NONE :
		(recovery->spent & UINT64CONST(1) << which) != 0 ? OTP_MATCH_USED : OTP_MATCH_LIVE;
}

OtpRecovery
otp_recovery_accept(const OtpRecoverySet *set)
{
	OtpRecovery accepted = set->row.recovery;

	accepted.spent |= UINT64CONST(1) << set->which;
	return accepted;
}
