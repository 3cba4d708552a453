/*
 * secret.c
 *		Type otp_secret: a shared secret with its algorithm, digits and period.
 *
 * A value is a varlena: format byte, algorithm, digits, period (4 bytes, big-endian), key.
 * The binary form that send and receive exchange is the same.
 */
#include "compat.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "core/base32.h"
#include "core/otpauth.h"
#include "core/secure.h"
#include "errors.h"
#include "secret.h"

#define SECRET_FORMAT	1
#define HEADER_SIZE		7

#define DEFAULT_DIGITS	6
#define DEFAULT_PERIOD	30

/* bytes of a secret that we make: 128 bits (RFC 4226, R6) or more */
#define GENERATE_MIN	16

void
otp_secret_read(struct varlena *value, OtpSecret *secret)
{
	const uint8 *data = (const uint8 *) VARDATA_ANY(value);
	Size		length = VARSIZE_ANY_EXHDR(value);

	if (length < HEADER_SIZE + OTP_KEY_MIN || length > HEADER_SIZE + OTP_KEY_MAX)
		ereport(ERROR,
				errcode(ERRCODE_DATA_CORRUPTED),
				errmsg("value of type %s is damaged", "otp_secret"),
				otp_errprivate());
	secret->algorithm = data[1];
	secret->digits = data[2];
	secret->period = (int) data[3] << 24 | data[4] << 16 | data[5] << 8 | data[6];
	secret->key_length = length - HEADER_SIZE;
	secret->key = data + HEADER_SIZE;
}

static Datum
make_secret(const OtpSecret *secret)
{
	Size		size = VARHDRSZ + HEADER_SIZE + secret->key_length;
	struct varlena *value = palloc(size);
	uint8	   *data = (uint8 *) VARDATA(value);

	SET_VARSIZE(value, size);
	data[0] = SECRET_FORMAT;
	data[1] = secret->algorithm;
	data[2] = secret->digits;
	data[3] = secret->period >> 24;
	data[4] = secret->period >> 16;
	data[5] = secret->period >> 8;
	data[6] = secret->period;
	memcpy(data + HEADER_SIZE, secret->key, secret->key_length);
	return PointerGetDatum(value);
}

/* Raises 22023 for what no secret can have. */
static void
check_parameters(int digits, int period, size_t key_length)
{
	if (digits < OTP_DIGITS_MIN || digits > OTP_DIGITS_MAX)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("digits must be between %d and %d", OTP_DIGITS_MIN, OTP_DIGITS_MAX),
				otp_errprivate());
	if (period < OTP_PERIOD_MIN || period > OTP_PERIOD_MAX)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("period must be between %d and %d seconds",
					   OTP_PERIOD_MIN, OTP_PERIOD_MAX),
				otp_errprivate());
	if (key_length < OTP_KEY_MIN || key_length > OTP_KEY_MAX)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("key must have between %d and %d bytes", OTP_KEY_MIN, OTP_KEY_MAX),
				otp_errprivate());
}

static OtpAlgorithm
algorithm_of(const text *name)
{
	OtpAlgorithm algorithm;

	if (!otp_algorithm_by_name(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &algorithm))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("unknown algorithm of a one-time password"),
				errhint("Use SHA1, SHA256 or SHA512."),
				otp_errprivate());
	return algorithm;
}

static Datum
secret_from_uri(const char *string, size_t length, void *escontext)
{
	Otpauth		uri;
	OtpauthError error;
	OtpSecret	secret;
	Datum		result;

	if (!otpauth_parse(string, length, &uri, &error))
		otp_ereturn(escontext,
					errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid input syntax for type %s", "otp_secret"),
					errdetail("The otpauth URI is wrong at position %zu: %s.",
							  error.position, error.message),
					otp_errprivate());
	secret.algorithm = uri.algorithm;
	secret.digits = uri.digits;
	secret.period = uri.period;
	secret.key_length = uri.key_length;
	secret.key = uri.key;
	result = make_secret(&secret);
	otp_wipe(&uri, sizeof(uri));
	return result;
}

static Datum
secret_from_base32(const char *string, size_t length, void *escontext)
{
	uint8		key[OTP_KEY_MAX];
	OtpSecret	secret = {OTP_SHA1, DEFAULT_DIGITS, DEFAULT_PERIOD, 0, key};
	size_t		position = 1;
	OtpBase32Status status;
	Datum		result;

	status = otp_base32_decode(string, length, key, sizeof(key), &secret.key_length, &position);
	if (status != OTP_BASE32_OK)
		otp_ereturn(escontext,
					errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid input syntax for type %s", "otp_secret"),
					errdetail("The text is not Base32 at position %zu: %s.",
							  position, otp_base32_message(status)),
					otp_errprivate());
	if (secret.key_length < OTP_KEY_MIN)
		otp_ereturn(escontext,
					errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid input syntax for type %s", "otp_secret"),
					errdetail("The key is empty."),
					otp_errprivate());
	result = make_secret(&secret);
	otp_wipe(key, sizeof(key));
	return result;
}

PG_FUNCTION_INFO_V1(otp_secret_in);
Datum
otp_secret_in(PG_FUNCTION_ARGS)
{
	char	   *string = PG_GETARG_CSTRING(0);
	size_t		length = strlen(string);

	if (otpauth_is_uri(string, length))
		return secret_from_uri(string, length, fcinfo->context);
	return secret_from_base32(string, length, fcinfo->context);
}

PG_FUNCTION_INFO_V1(otp_secret_out);
Datum
otp_secret_out(PG_FUNCTION_ARGS)
{
	OtpSecret	secret;
	char	   *result = palloc(OTPAUTH_FORMAT_MAX);

	otp_secret_read(PG_GETARG_OTP_SECRET(0), &secret);
	if (secret.algorithm == OTP_SHA1 && secret.digits == DEFAULT_DIGITS &&
		secret.period == DEFAULT_PERIOD)
		otp_base32_encode(secret.key, secret.key_length, result);
	else
		otpauth_format(&secret, result);
	PG_RETURN_CSTRING(result);
}

PG_FUNCTION_INFO_V1(otp_secret_recv);
Datum
otp_secret_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	OtpSecret	secret;
	int			format = pq_getmsgbyte(buf);

	secret.algorithm = pq_getmsgbyte(buf);
	secret.digits = pq_getmsgbyte(buf);
	secret.period = pq_getmsgint(buf, 4);
	if (format != SECRET_FORMAT || otp_digest_size(secret.algorithm) == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				errmsg("invalid binary representation of type %s", "otp_secret"),
				otp_errprivate());
	secret.key_length = buf->len - buf->cursor;
	check_parameters(secret.digits, secret.period, secret.key_length);
	secret.key = (const uint8 *) pq_getmsgbytes(buf, secret.key_length);
	return make_secret(&secret);
}

PG_FUNCTION_INFO_V1(otp_secret_send);
Datum
otp_secret_send(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_OTP_SECRET(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbytes(&buf, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* otp_secret(key bytea, algorithm text, digits integer, period integer) → otp_secret */
PG_FUNCTION_INFO_V1(otp_secret_from_key);
Datum
otp_secret_from_key(PG_FUNCTION_ARGS)
{
	bytea	   *key = PG_GETARG_BYTEA_PP(0);
	OtpSecret	secret;

	secret.algorithm = algorithm_of(PG_GETARG_TEXT_PP(1));
	secret.digits = PG_GETARG_INT32(2);
	secret.period = PG_GETARG_INT32(3);
	secret.key_length = VARSIZE_ANY_EXHDR(key);
	secret.key = (const uint8 *) VARDATA_ANY(key);
	check_parameters(secret.digits, secret.period, secret.key_length);
	return make_secret(&secret);
}

/* The cast from bytea: SHA1, 6 digits, 30 seconds. */
PG_FUNCTION_INFO_V1(otp_secret_from_bytea);
Datum
otp_secret_from_bytea(PG_FUNCTION_ARGS)
{
	bytea	   *key = PG_GETARG_BYTEA_PP(0);
	OtpSecret	secret = {OTP_SHA1, DEFAULT_DIGITS, DEFAULT_PERIOD,
		VARSIZE_ANY_EXHDR(key), (const uint8 *) VARDATA_ANY(key)};

	check_parameters(secret.digits, secret.period, secret.key_length);
	return make_secret(&secret);
}

/* otp_secret_generate(bytes integer, algorithm text, digits integer, period integer) → otp_secret */
PG_FUNCTION_INFO_V1(otp_secret_generate);
Datum
otp_secret_generate(PG_FUNCTION_ARGS)
{
	int			bytes = PG_GETARG_INT32(0);
	uint8		key[OTP_KEY_MAX];
	OtpSecret	secret;
	Datum		result;

	if (bytes < GENERATE_MIN || bytes > OTP_KEY_MAX)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("bytes must be between %d and %d", GENERATE_MIN, OTP_KEY_MAX));
	secret.algorithm = algorithm_of(PG_GETARG_TEXT_PP(1));
	secret.digits = PG_GETARG_INT32(2);
	secret.period = PG_GETARG_INT32(3);
	secret.key_length = bytes;
	secret.key = key;
	check_parameters(secret.digits, secret.period, secret.key_length);
	if (!pg_strong_random(key, bytes))
		otp_openssl_error("make random numbers");
	result = make_secret(&secret);
	otp_wipe(key, sizeof(key));
	return result;
}

/* otp_secret_key(otp_secret) → bytea */
PG_FUNCTION_INFO_V1(otp_secret_key);
Datum
otp_secret_key(PG_FUNCTION_ARGS)
{
	OtpSecret	secret;
	bytea	   *key;

	otp_secret_read(PG_GETARG_OTP_SECRET(0), &secret);
	key = palloc(VARHDRSZ + secret.key_length);
	SET_VARSIZE(key, VARHDRSZ + secret.key_length);
	memcpy(VARDATA(key), secret.key, secret.key_length);
	PG_RETURN_BYTEA_P(key);
}
