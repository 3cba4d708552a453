/*
 * errors.h
 *		The extension's own SQLSTATEs, and errors that keep a secret.
 */
#ifndef OTP_ERRORS_H
#define OTP_ERRORS_H

#include "compat.h"

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

/*
 * The error of an input function.  Unless the caller takes it softly, without a context: the
 * parser and PL/pgSQL would add the position in the statement, and with it the statement.
 */
#define otp_ereturn(escontext, ...) \
	do { \
		if (!otp_is_soft(escontext)) \
			error_context_stack = NULL; \
		otp_soft_return(escontext, __VA_ARGS__); \
	} while (0)

/* OpenSSL failed to do something that it always can: "derive a code". */
#define otp_openssl_error(what) \
	ereport(ERROR, \
			errcode(ERRCODE_INTERNAL_ERROR), \
			errmsg("OpenSSL failed to %s", what), \
			otp_errprivate())

#endif							/* OTP_ERRORS_H */
