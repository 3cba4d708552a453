/*
 * code.h
 *		Type otp: a one-time code in canonical form.
 */
#ifndef OTP_CODE_H
#define OTP_CODE_H

#include "postgres.h"

#include "core/canonical.h"

/*
 * Makes text of the database's encoding canonical (see core/canonical.h); the length, or 0 if
 * the text cannot be a code.  Raises no error for any text.
 */
extern size_t otp_canonical_text(const char *string, size_t length,
								 char code[OTP_CODE_MAX + 1]);

/* A value of type otp from a canonical code. */
extern Datum otp_make_code(const char *code, size_t length);

#endif							/* OTP_CODE_H */
