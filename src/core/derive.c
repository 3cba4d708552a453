/*
 * derive.c
 *		Codes and digests of guesses, out of a key.
 */
#include "derive.h"

#include <string.h>

#include "big_endian.h"
#include "secure.h"

#define BLOCK_SIZE	32
#define PREFIX_SIZE	8			/* a field's length, before it */
#define CODE_BYTES	(BLOCK_SIZE - OTP_TAG_SIZE) /* of block 0 */

/*
 * A message under way.  Short fields are collected, because a call of OpenSSL costs more than their
 * bytes do.
 */
typedef struct Message
{
	OtpHmac    *key;
	size_t		length;
	uint8_t		bytes[256];
} Message;

static bool
flush_message(Message *message)
{
	size_t		length = message->length;

	message->length = 0;
	return otp_hmac_add(message->key, message->bytes, length);
}

static bool
add_field(Message *message, const void *data, size_t length)
{
	if (message->length + PREFIX_SIZE + length > sizeof(message->bytes) && !flush_message(message))
		return false;
	otp_put_64(message->bytes + message->length, length);
	message->length += PREFIX_SIZE;
	if (message->length + length > sizeof(message->bytes))
		return flush_message(message) && otp_hmac_add(message->key, data, length);
	if (length > 0)
		memcpy(message->bytes + message->length, data, length);
	message->length += length;
	return true;
}

static bool
begin_message(Message *message, OtpHmac *key, const char *kind, const OtpBinding *binding)
{
	message->key = key;
	message->length = 0;
	return otp_hmac_begin(key) &&
		   add_field(message, kind, strlen(kind)) &&
		   add_field(message, binding->user.data, binding->user.length) &&
		   add_field(message, binding->purpose.data, binding->purpose.length) &&
		   add_field(message, binding->context.data, binding->context.length) &&
		   add_field(message, binding->nonce, OTP_NONCE_SIZE);
}

static bool
end_message(Message *message, uint8_t *block)
{
	return flush_message(message) && otp_hmac_end(message->key, block);
}

static bool
code_block(OtpHmac *key, const OtpBinding *binding, uint32_t number, uint8_t *block)
{
	uint8_t		field[4];
	Message		message;

	otp_put_32(field, number);
	return begin_message(&message, key, "code", binding) &&
		   add_field(&message, field, sizeof(field)) &&
		   end_message(&message, block);
}

bool
otp_derive_code(OtpHmac *key, const OtpBinding *binding, OtpAlphabet alphabet,
				size_t length, char *code, uint8_t tag[OTP_TAG_SIZE])
{
	uint8_t		block[OTP_DIGEST_MAX];
	size_t		filled = 0;
	size_t		mapped = CODE_BYTES;
	bool		full = false;
	bool		ok;

	/* an unknown alphabet would never fill the code */
	ok = otp_alphabet_symbols(alphabet) != NULL;
	for (uint32_t number = 0; ok && !full; number++)
	{
		ok = code_block(key, binding, number, block);
		if (ok && number == 0)
			memcpy(tag, block + CODE_BYTES, OTP_TAG_SIZE);
		if (ok)
			full = otp_alphabet_map(alphabet, block, mapped, code, length, &filled);
		mapped = BLOCK_SIZE;
	}
	otp_wipe(block, sizeof(block));
	if (ok)
		code[length] = '\0';
	else
	{
		otp_wipe(code, length + 1);
		otp_wipe(tag, OTP_TAG_SIZE);
	}
	return ok;
}

bool
otp_derive_guess(OtpHmac *key, const OtpBinding *binding, OtpBytes state, const char *guess,
				 size_t guess_length, uint8_t digest[OTP_TAG_SIZE])
{
	uint8_t		block[OTP_DIGEST_MAX];
	Message		message;
	bool		ok;

	ok = begin_message(&message, key, "guess", binding) &&
		 (state.length == 0 || add_field(&message, state.data, state.length)) &&
		 add_field(&message, guess, guess_length) &&
		 end_message(&message, block);
	otp_wipe(&message, sizeof(message));
	if (ok)
		memcpy(digest, block, OTP_TAG_SIZE);
	else
		otp_wipe(digest, OTP_TAG_SIZE);
	otp_wipe(block, sizeof(block));
	return ok;
}

bool
otp_derive_pseudonym(OtpHmac *key, OtpBytes user, uint8_t pseudonym[OTP_PSEUDONYM_SIZE])
{
	static const char kind[] = "pseudonym";
	uint8_t		block[OTP_DIGEST_MAX];
	Message		message = {.key = key};
	bool		ok;

	ok = otp_hmac_begin(key) &&
		 add_field(&message, kind, strlen(kind)) &&
		 add_field(&message, user.data, user.length) &&
		 end_message(&message, block);
	if (ok)
		memcpy(pseudonym, block, OTP_PSEUDONYM_SIZE);
	else
		otp_wipe(pseudonym, OTP_PSEUDONYM_SIZE);
	otp_wipe(block, sizeof(block));
	return ok;
}
