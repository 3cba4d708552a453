/*
 * seal.c
 *		Sealing under a data key.
 */
#include "compat.h"

#include "errors.h"
#include "seal.h"

void
otp_seal_value(const OtpDataKey *key, const uint8 *ad, size_t ad_length,
			   const uint8 *plain, size_t n, uint8 *sealed)
{
	if (!otp_aead_seal(key->sealing, ad, ad_length, plain, n, sealed))
		otp_openssl_error("seal a secret");
}

void
otp_open_value(const OtpDataKey *key, const uint8 *ad, size_t ad_length,
			   const uint8 *sealed, size_t length, uint8 *plain)
{
	switch (otp_aead_open(key->sealing, ad, ad_length, sealed, length, plain))
	{
		case OTP_OPEN_OK:
			return;
		case OTP_OPEN_FAILED:
			otp_openssl_error("open a sealed secret");
			break;
		default:
			ereport(ERROR,
					errcode(ERRCODE_OTP_SEALED_DAMAGED),
					errmsg("a sealed secret does not open under data key %d", key->id),
					errdetail("It has been changed, or is not of this row."),
					otp_errprivate());
	}
}
