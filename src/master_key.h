/*
 * master_key.h
 *		The master key, which wraps the data keys and never enters the database.
 *
 * It comes from the output of otp.master_key_command or, if that is empty, from the file
 * otp.master_key_file: 64 hexadecimal digits, white space behind them allowed.  While it is
 * exchanged there is a next one, from otp.next_master_key_command or otp.next_master_key_file.
 */
#ifndef OTP_MASTER_KEY_H
#define OTP_MASTER_KEY_H

#include "postgres.h"

#include "core/aead.h"
#include "store/key.h"

/* Settings (see otp.c); never NULL. */
extern char *otp_master_key_file;
extern char *otp_master_key_command;
extern char *otp_next_master_key_file;
extern char *otp_next_master_key_command;

typedef struct OtpMasterKey
{
	char		id[OTP_MASTER_ID_LENGTH + 1];	/* derived from the key; no secret */
	uint8		wrapping[OTP_KEY_SIZE];			/* subkey that wraps data keys */
} OtpMasterKey;

/*
 * Reads the master key; the caller wipes it.
 *
 * Errors: OT003 if there is none, it cannot be read, others can read the file, or it is
 * no key.
 */
extern void otp_master_key_read(OtpMasterKey *master);

/* The same with the one that is to take its place; 55000 if none is set. */
extern void otp_master_key_read_next(OtpMasterKey *master);

/*
 * Reads whichever of the two has the id; the present one, which is another, if neither has.  OT003 if then that one cannot be
 * had.
 */
extern void otp_master_key_find(OtpMasterKey *master, const char *wanted);

/* Makes the file with a random key, unless there is a file or a command. */
extern void otp_master_key_make(void);

/* OT004 if the master key is another one than the row of a data key names. */
extern void otp_master_key_check(const OtpMasterKey *master, const char *wanted, int32 key_id);

#endif							/* OTP_MASTER_KEY_H */
