/*
 * pskc_outcome.h
 *		What reading a text as PSKC comes to, as one line.
 */
#ifndef OTP_PSKC_OUTCOME_H
#define OTP_PSKC_OUTCOME_H

#include "pskc.h"

#include <stdio.h>
#include <stdlib.h>

#include "tap.h"

/* the middle of May 2006, when the keys of Figure 10 that have not expired are valid */
#define MAY_2006	INT64_C(1147651200)

#define PLAIN	(&(OtpPskcOptions) {NULL, 0, NULL, 0, MAY_2006})

static void
describe(const OtpToken *token, const char *before, char *got, size_t size)
{
	snprintf(got, size, "%s%zu %s %s %d %d %lld %d serial=%s user=%s issuer=%s %.*s", before,
			 token->line, token->kind == OTPAUTH_TOTP ? "totp" : "hotp",
			 otp_algorithm_name(token->algorithm), token->digits, token->period,
			 (long long) token->next, token->drift, token->serial, token->user, token->issuer,
			 (int) token->key_length, (const char *) token->key);
}

/* Reads a text to its end; what was read, or how it was refused. */
static const char *
outcome(const char *text, size_t length, const OtpPskcOptions *options)
{
	static char got[2048];
	OtpToken	token;
	OtpTokenError error = {NULL, "", 0};
	OtpTokenStatus status;
	char	   *copy = malloc(length);	/* so that the sanitizer sees a byte read beyond */
	OtpPskc    *pskc;

	memcpy(copy, text, length);
	pskc = otp_pskc_open(copy, length, options);
	*got = '\0';
	while ((status = otp_pskc_next(pskc, &token, &error)) == OTP_TOKEN_READ)
		describe(&token, *got ? "; " : "", got + strlen(got), sizeof(got) - strlen(got));
	if (status == OTP_TOKEN_BAD)
		snprintf(got, sizeof(got), "%zu: %s%s%s", error.line, error.message,
				 error.name[0] ? ": " : "", error.name);
	if (!all_zero(&token, sizeof(token)))
		strcpy(got, "something is left of the token");
	otp_pskc_close(pskc);
	free(copy);
	return got;
}

#endif							/* OTP_PSKC_OUTCOME_H */
