/*
 * kept_key.c
 *		The key that a call site of a pure function used last.
 */
#include "compat.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "core/secure.h"
#include "errors.h"
#include "kept_key.h"

typedef struct KeptKey
{
	OtpHmac    *hmac;			/* NULL: none of any algorithm yet */
	size_t		length;			/* of the key; 0: hmac is not keyed */
	uint8		key[OTP_KEY_MAX];
	MemoryContextCallback end;
} KeptKey;

static void
forget(KeptKey *kept)
{
	otp_wipe(kept->key, kept->length);
	kept->length = 0;
}

static void
free_kept_key(void *argument)
{
	KeptKey    *kept = argument;

	forget(kept);
	otp_hmac_free(kept->hmac);
}

static KeptKey *
make_kept_key(FmgrInfo *call_site)
{
	KeptKey    *kept = MemoryContextAlloc(call_site->fn_mcxt, sizeof(KeptKey));

	kept->hmac = NULL;
	kept->length = 0;
	kept->end.func = free_kept_key;
	kept->end.arg = kept;
	MemoryContextRegisterResetCallback(call_site->fn_mcxt, &kept->end);
	call_site->fn_extra = kept;
	return kept;
}

static bool
is_kept(const KeptKey *kept, const OtpSecret *secret)
{
	return kept->length > 0 && kept->length == secret->key_length &&
		otp_hmac_algorithm(kept->hmac) == secret->algorithm &&
		otp_equal(kept->key, secret->key, secret->key_length);
}

static void
keep(KeptKey *kept, const OtpSecret *secret)
{
	Assert(secret->key_length >= OTP_KEY_MIN && secret->key_length <= OTP_KEY_MAX);
	/* what fails from here on leaves nothing that the next call would take for its own */
	forget(kept);
	if (kept->hmac == NULL || otp_hmac_algorithm(kept->hmac) != secret->algorithm)
	{
		otp_hmac_free(kept->hmac);
		kept->hmac = otp_hmac_new(secret->algorithm);
	}
	if (kept->hmac == NULL || !otp_hmac_key(kept->hmac, secret->key, secret->key_length))
		otp_openssl_error("compute an HMAC");
	memcpy(kept->key, secret->key, secret->key_length);
	kept->length = secret->key_length;
}

OtpHmac *
otp_kept_key(FmgrInfo *call_site, const OtpSecret *secret)
{
	KeptKey    *kept = call_site->fn_extra;

	if (kept == NULL)
		kept = make_kept_key(call_site);
	if (!is_kept(kept, secret))
		keep(kept, secret);
	return kept->hmac;
}
