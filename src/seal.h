/*
 * seal.h
 *		Sealing under a data key.
 */
#ifndef OTP_SEAL_H
#define OTP_SEAL_H

#include "compat.h"

#include "keyring.h"

/* Seals n bytes, bound to `ad`: writes n + OTP_SEAL_OVERHEAD bytes.  XX000 if OpenSSL fails. */
extern void otp_seal_value(const OtpDataKey *key, const uint8 *ad, size_t ad_length,
						   const uint8 *plain, size_t n, uint8 *sealed);

/*
 * Opens `length` sealed bytes: writes length - OTP_SEAL_OVERHEAD bytes.  false if it does not open; XX000 if OpenSSL
 * fails.
 */
extern bool otp_open_value(const OtpDataKey *key, const uint8 *ad, size_t ad_length,
						   const uint8 *sealed, size_t length, uint8 *plain);

#endif							/* OTP_SEAL_H */
