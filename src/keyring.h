/*
 * keyring.h
 *		The data keys of this database, unwrapped, in this session's memory.
 */
#ifndef OTP_KEYRING_H
#define OTP_KEYRING_H

#include "postgres.h"

#include "core/aead.h"
#include "core/hmac.h"
#include "master_key.h"
#include "store/key.h"

typedef struct OtpDataKey
{
	int32		id;
	OtpHmac    *derive;			/* subkey for codes and digests of guesses, keyed */
	OtpAead    *sealing;		/* subkey for sealing secrets, keyed */
} OtpDataKey;

/*
 * The key from which new codes are derived; the first one is made when it is wanted,
 * permanently.  Valid until the next call of this file.
 *
 * Errors: OT003, OT004 (as in otp_data_key).
 */
extern const OtpDataKey *otp_writing_key(void);

/*
 * The key with an id.  Valid until the next call of this file.
 *
 * Errors: OT003 if the master key is missing, OT004 if it is another one than wrapped the data
 * key, OT005 if there is no such data key or it is damaged.
 */
extern const OtpDataKey *otp_data_key(int32 id);

/*
 * The same if the key is in memory already, else NULL: waits for nothing, reads nothing, and does not
 * ask whether otp_key has changed.  So a key that otp_data_key() has just fetched is at hand,
 * however many invalidations arrive.
 */
extern const OtpDataKey *otp_data_key_at_hand(int32 id);

/*
 * Has all the keys with these ids at hand, however many invalidations arrive, until the next call of another function of this
 * file than otp_data_key_at_hand().  Errors as of otp_data_key().
 */
extern void otp_data_keys_fetch(const int32 *ids, int count);

/*
 * Refuses (55000) what is written for good under a data key that a rollback would take away, because this very transaction has
 * made it.
 */
extern void otp_key_check_committed(int32 id);

/* The data key of a row; the caller wipes it.  Errors: OT003, OT004, OT005. */
extern void otp_key_unwrap(const OtpKeyRow *row, uint8 data_key[OTP_KEY_SIZE]);

/* Wraps a data key into a row that has its id. */
extern void otp_key_wrap(OtpKeyRow *row, const OtpMasterKey *master,
						 const uint8 data_key[OTP_KEY_SIZE]);

/* Fills a row with a new random data key, which is to be the writing one. */
extern void otp_key_make(OtpKeyRow *row, int32 id, const OtpMasterKey *master);

#endif							/* OTP_KEYRING_H */
