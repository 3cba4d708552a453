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

bool
otp_open_value(const OtpDataKey *key, const uint8 *ad, size_t ad_length,
			   const uint8 *sealed, size_t length, uint8 *plain)
{
	switch (otp_aead_open(key->sealing, ad, ad_length, sealed, length, plain))
	{
		case OTP_OPEN_OK:
			return true;
		case OTP_OPEN_FAILED:
			otp_openssl_error("open a sealed secret");
			break;
		default:
			return false;
	}
	pg_unreachable();
}
