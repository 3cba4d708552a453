/*
 * key.h
 *		Table otp_key: the data keys, wrapped by a master key.
 */
#ifndef OTP_STORE_KEY_H
#define OTP_STORE_KEY_H

#include "compat.h"

#include "datatype/timestamp.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

#include "core/aead.h"

/* hexadecimal digits of a master key's id */
#define OTP_MASTER_ID_LENGTH	16

/* bytes of a data key, wrapped */
#define OTP_WRAPPED_SIZE		(OTP_KEY_SIZE + OTP_SEAL_OVERHEAD)

typedef struct OtpKeyRow
{
	int32		id;
	bool		writing;		/* new codes are derived from it; there is one such key */
	TimestampTz made_at;
	char		master_id[OTP_MASTER_ID_LENGTH + 1];
	uint8		wrapped[OTP_WRAPPED_SIZE];
} OtpKeyRow;

/* The key of an id; false if there is none.  OT005 if the row is damaged. */
extern bool otp_key_fetch(Relation rel, Snapshot snapshot, int32 id, OtpKeyRow *row);

/* The writing key; false if there is none. */
extern bool otp_key_fetch_writing(Relation rel, Snapshot snapshot, OtpKeyRow *row);

/* The ids of all keys; returns how many, and *ids. */
extern int	otp_key_fetch_ids(Relation rel, Snapshot snapshot, int32 **ids);

/* Inserts a key permanently; the caller holds the lock of the keyring. */
extern void otp_key_insert(Relation rel, const OtpKeyRow *row);

#endif							/* OTP_STORE_KEY_H */
