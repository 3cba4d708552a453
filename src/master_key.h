/*
 * master_key.h
 *		The master key, which wraps the data keys and never enters the database.
 *
 * It comes from the output of otp.master_key_command or, if that is empty, from the file
 * otp.master_key_file: 64 hexadecimal digits, white space behind them allowed.
 */
#ifndef OTP_MASTER_KEY_H
#define OTP_MASTER_KEY_H

#include "postgres.h"

#include "core/aead.h"
#include "store/key.h"

/* Settings (see otp.c); never NULL. */
extern char *otp_master_key_file;
extern char *otp_master_key_command;

typedef struct OtpMasterKey
{
	char		id[OTP_MASTER_ID_LENGTH + 1];	/* derived from the key; no secret */
	uint8		wrapping[OTP_KEY_SIZE];			/* subkey that wraps data keys */
} OtpMasterKey;

/*
 * Reads the master key; the caller wipes it.  wanted: the id for the error, or NULL.
 *
 * Errors: OT003 if there is none, it cannot be read, others can read the file, or it is
 * no key.
 */
extern void otp_master_key_read(OtpMasterKey *master, const char *wanted);

/* Makes the file with a random key, unless there is a file or a command. */
extern void otp_master_key_make(void);

#endif							/* OTP_MASTER_KEY_H */
