/*
 * aead.h
 *		Sealing with AES-256-GCM, and subkeys by HKDF-SHA256 (RFC 5869).
 *
 * Plain C over OpenSSL's libcrypto; no PostgreSQL.
 */
#ifndef OTP_CORE_AEAD_H
#define OTP_CORE_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OTP_KEY_SIZE		32
#define OTP_SEAL_FORMAT		1	/* first byte of everything sealed */
#define OTP_SEAL_NONCE		12
#define OTP_SEAL_MAC		16

/* bytes that sealing adds: format, nonce, authentication tag */
#define OTP_SEAL_OVERHEAD	(1 + OTP_SEAL_NONCE + OTP_SEAL_MAC)

/*
 * A subkey for one use: HKDF-SHA256 without salt, info = the `use` string.
 * Writes OTP_KEY_SIZE bytes.  false: OpenSSL failed, and the subkey is wiped.
 */
extern bool otp_subkey(const uint8_t key[OTP_KEY_SIZE], const char *use,
					   uint8_t subkey[OTP_KEY_SIZE]);

typedef enum OtpOpenStatus
{
	OTP_OPEN_OK,
	OTP_OPEN_FORMAT,			/* too short, or a format of another version */
	OTP_OPEN_DAMAGED,			/* other key, other associated data, or changed */
	OTP_OPEN_FAILED				/* OpenSSL failed */
} OtpOpenStatus;

/*
 * A key that is kept, ready for any number of messages: to set it costs several times what a
 * short message does.  Not thread-safe.
 */
typedef struct OtpAead OtpAead;

/* NULL: OpenSSL failed. */
extern OtpAead *otp_aead_new(const uint8_t key[OTP_KEY_SIZE]);

/* Wipes and frees; NULL is fine. */
extern void otp_aead_free(OtpAead *aead);

/*
 * Seals n bytes: writes n + OTP_SEAL_OVERHEAD bytes: the format byte, a fresh
 * random nonce, the ciphertext, the tag.  The format byte and `ad` are authenticated.
 * false: OpenSSL failed, and what was written is wiped.
 */
extern bool otp_aead_seal(OtpAead *aead, const void *ad, size_t ad_length, const uint8_t *plain,
						  size_t n, uint8_t *sealed);

/*
 * Opens `length` sealed bytes: writes length - OTP_SEAL_OVERHEAD bytes.  Unless
 * OTP_OPEN_OK, what was written is wiped.
 */
extern OtpOpenStatus otp_aead_open(OtpAead *aead, const void *ad, size_t ad_length,
								   const uint8_t *sealed, size_t length, uint8_t *plain);

/* The same with a key that is used but once. */
extern bool otp_seal(const uint8_t key[OTP_KEY_SIZE], const void *ad, size_t ad_length,
					 const uint8_t *plain, size_t n, uint8_t *sealed);
extern OtpOpenStatus otp_open(const uint8_t key[OTP_KEY_SIZE], const void *ad, size_t ad_length,
							  const uint8_t *sealed, size_t length, uint8_t *plain);

#endif							/* OTP_CORE_AEAD_H */
