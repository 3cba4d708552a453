/*
 * errors.h
 *		The extension's own SQLSTATEs, and errors that keep a secret.
 */
#ifndef OTP_ERRORS_H
#define OTP_ERRORS_H

#include "postgres.h"

#define ERRCODE_OTP_COOLING_DOWN		MAKE_SQLSTATE('O', 'T', '0', '0', '1')
#define ERRCODE_OTP_TOO_MANY			MAKE_SQLSTATE('O', 'T', '0', '0', '2')
#define ERRCODE_OTP_MASTER_KEY_MISSING	MAKE_SQLSTATE('O', 'T', '0', '0', '3')
#define ERRCODE_OTP_MASTER_KEY_WRONG	MAKE_SQLSTATE('O', 'T', '0', '0', '4')
#define ERRCODE_OTP_SEALED_DAMAGED		MAKE_SQLSTATE('O', 'T', '0', '0', '5')

/*
 * An item of ereport() for every error that a statement with a code or a secret in it
 * can raise: the server log gets the message without the statement and without the
 * context lines, which quote it.
 */
#define otp_errprivate() (errhidestmt(true), errhidecontext(true))

/* OpenSSL failed to do something that it always can: "derive a code". */
#define otp_openssl_error(what) \
	ereport(ERROR, \
			errcode(ERRCODE_INTERNAL_ERROR), \
			errmsg("OpenSSL failed to %s", what), \
			otp_errprivate())

#endif							/* OTP_ERRORS_H */
