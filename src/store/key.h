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
#include "store/write.h"

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
	HeapTuple	tuple;			/* the version that was read, a copy */
} OtpKeyRow;

/* The key of an id; false if there is none.  OT005 if the row is damaged. */
extern bool otp_key_fetch(Relation rel, Snapshot snapshot, int32 id, OtpKeyRow *row);

/* The writing key; false if there is none. */
extern bool otp_key_fetch_writing(Relation rel, Snapshot snapshot, OtpKeyRow *row);

/* All keys; returns how many, and *rows. */
extern int	otp_key_fetch_all(Relation rel, Snapshot snapshot, OtpKeyRow **rows);

/* A number above those of all keys. */
extern int32 otp_key_next_id(Relation rel);

/* Inserts a key, with the transaction. */
extern void otp_key_insert(Relation rel, const OtpKeyRow *row);

/* Inserts a key permanently; the caller holds the lock of the keyring. */
extern void otp_key_insert_permanently(Relation rel, const OtpKeyRow *row);

/* Compare-and-set: replaces the version that was read. */
extern OtpUpdateResult otp_key_update(Relation rel, const OtpKeyRow *row);

/* The id of a row. */
extern int32 otp_key_id_of(Relation rel, HeapTuple tuple);

#endif							/* OTP_STORE_KEY_H */
