/*
 * credential.h
 *		Table otp_credential: the authenticators of each user.
 *
 * The shared secret is sealed.  What changes when a code is accepted has a fixed width, and is either
 * updated (with the transaction) or overwritten in place (whatever becomes of it).
 */
#ifndef OTP_STORE_CREDENTIAL_H
#define OTP_STORE_CREDENTIAL_H

#include "compat.h"

#include "datatype/timestamp.h"

#include "core/aead.h"
#include "core/hotp.h"
#include "store/permanent.h"
#include "store/relation.h"
#include "store/write.h"

/* bytes of a label, an issuer, an account or a serial number, at most */
#define OTP_CREDENTIAL_TEXT_MAX	256

/* bytes of a sealed secret, at most */
#define OTP_CREDENTIAL_SEALED_MAX	(OTP_KEY_MAX + OTP_SEAL_OVERHEAD)

/* stored as "char" */
typedef enum OtpCredentialKind
{
	OTP_CREDENTIAL_TOTP = 't',
	OTP_CREDENTIAL_HOTP = 'h'
} OtpCredentialKind;

/* stored as "char" */
typedef enum OtpCredentialState
{
	OTP_CREDENTIAL_PENDING = 'p',	/* verifies nothing until it is confirmed */
	OTP_CREDENTIAL_ACTIVE = 'a'
} OtpCredentialState;

typedef struct OtpCredential
{
	int64		id;
	int64		last_position;	/* time step or counter that was accepted last; -1: none, or what is below all */
	TimestampTz used_at;		/* when that was; DT_NOBEGIN: never */
	TimestampTz made_at;
	TimestampTz expires_at;		/* of a pending one; else DT_NOEND */
	int			drift;			/* time steps that the token's clock is ahead */
	int32		key_id;			/* the data key that the secret is sealed under */
	int			period;			/* seconds; of HOTP, what the secret says */
	int			window_size;	/* time steps either side; counters ahead */
	OtpAlgorithm algorithm;
	int			digits;
	OtpCredentialKind kind;
	OtpCredentialState state;
	size_t		sealed_length;
	const uint8 *sealed;		/* the raw key; in the row's memory */
	uint16		sealed_offset;	/* where that stands in the row, as GETSTRUCT gives it */
	/* NULL: none, but for user and account */
	const text *user;
	const text *label;
	const text *issuer;
	const text *account;
	const text *serial;
} OtpCredential;

/* A row version: what it says, and the handle to replace it. */
typedef struct OtpCredentialRow
{
	OtpCredential credential;
	HeapTuple	tuple;			/* a copy */
} OtpCredentialRow;

/*
 * All rows of a user, in the order of their ids; returns how many, and *rows.  OT005 if one is
 * damaged.  With a SnapshotDirty, otp_credential_maker() says whose a row is.
 */
extern int	otp_credential_fetch_all(Relation rel, Snapshot snapshot, const text *user,
									 OtpCredentialRow **rows);

/* The transaction in progress, another one than this, that has made the row; else invalid. */
extern TransactionId otp_credential_maker(const OtpCredentialRow *row);

/* A number that no other credential has or will have. */
extern int64 otp_credential_next_id(void);

extern void otp_credential_insert(Relation rel, const OtpCredential *credential);

/* Compare-and-set: last_position, used_at, expires_at, drift and state of the version that was fetched. */
extern OtpUpdateResult otp_credential_update(Relation rel, const OtpCredentialRow *row,
											 const OtpCredential *credential);

/* Finishes an overwrite of the row: last_position, used_at and drift; cannot fail. */
extern void otp_credential_overwrite(OtpOverwrite *overwrite, const OtpCredential *credential);

/* Deletes all rows of a user with the transaction, waiting for whoever changes one; returns how many. */
extern int64 otp_credential_remove_all(Relation rel, const text *user);

/* What a row says that stands elsewhere; OT005 if it is damaged. */
extern void otp_credential_read(Relation rel, HeapTuple tuple, OtpCredentialRow *row);

/* Has the user a row? */
extern bool otp_credential_any(Relation rel, Snapshot snapshot, const text *user);

/* Until when a row can be confirmed; DT_NOEND if it has been. */
extern TimestampTz otp_credential_waits_until(HeapTuple tuple);

/* The data key of a row. */
extern int32 otp_credential_key_id(HeapTuple tuple);

/* Finishes an overwrite of the row: key_id and what is sealed, which is as long as it was; cannot fail. */
extern void otp_credential_reseal(OtpOverwrite *overwrite, const OtpCredential *credential);

#endif							/* OTP_STORE_CREDENTIAL_H */
