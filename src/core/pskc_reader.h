/*
 * pskc_reader.h
 *		The reader of PSKC containers, as its parts see it.
 *
 * pskc.c drives the XML parser and keeps the stack of open elements, pskc_schema.c knows which
 * element may stand where, pskc_elements.c takes what the elements say, pskc_values.c the values
 * of Data among them, pskc_policy.c judges whether a key may be used, pskc_crypto.c decrypts.
 */
#ifndef OTP_CORE_PSKC_READER_H
#define OTP_CORE_PSKC_READER_H

#include <libxml/parser.h>

#include "pskc.h"
#include "pskc_crypto.h"

#define PSKC_DEPTH_MAX		32
#define PSKC_CONTENT_MAX	4096	/* bytes of an element's text; Base64 of OTP_PSKC_DATA_MAX, indented */

/* Which element, by what it means.  Fewer than 64: they are bits of a set. */
typedef enum PskcElement
{
	PSKC_DOCUMENT,				/* none: around the root */
	PSKC_PASSED_OVER,			/* with all that is in it */
	PSKC_CONTAINER,
	PSKC_ENCRYPTION_KEY,
	PSKC_KEY_NAME,
	PSKC_DERIVED_KEY,
	PSKC_DERIVATION_METHOD,
	PSKC_PBKDF2,
	PSKC_SALT,
	PSKC_SPECIFIED_SALT,
	PSKC_ITERATIONS,
	PSKC_DERIVED_LENGTH,
	PSKC_PRF,
	PSKC_MAC_METHOD,
	PSKC_MAC_KEY,
	PSKC_ENCRYPTION_METHOD,
	PSKC_CIPHER_DATA,
	PSKC_CIPHER_VALUE,
	PSKC_PACKAGE,
	PSKC_DEVICE,
	PSKC_SERIAL,
	PSKC_MANUFACTURER,
	PSKC_DEVICE_USER,
	PSKC_KEY,
	PSKC_ISSUER,
	PSKC_KEY_USER,
	PSKC_PARAMETERS,
	PSKC_SUITE,
	PSKC_RESPONSE_FORMAT,
	PSKC_DATA,
	PSKC_SECRET,
	PSKC_COUNTER,
	PSKC_TIME,
	PSKC_TIME_INTERVAL,
	PSKC_TIME_DRIFT,
	PSKC_PLAIN_VALUE,
	PSKC_ENCRYPTED_VALUE,
	PSKC_VALUE_MAC,
	PSKC_POLICY,
	PSKC_START_DATE,
	PSKC_EXPIRY_DATE,
	PSKC_KEY_USAGE,
	PSKC_PIN_POLICY
} PskcElement;

/* What pskc_schema.c says of an element in its place. */
typedef struct PskcPlace
{
	PskcElement element;
	bool		once;			/* it may stand there once */
	bool		text;			/* its text is collected */
} PskcPlace;

/*
 * The element of that name and namespace ("" if in none) in a parent.  What is not known is
 * passed over, or, where it would bear on the meaning, NULL.
 */
extern const PskcPlace *otp_pskc_place(PskcElement parent, const char *ns, const char *name);

/* An element's attributes, as libxml2 hands them over. */
typedef struct PskcAttributes
{
	const xmlChar **list;
	int			count;
} PskcAttributes;

/* A value of a key's Data: plain, or sealed. */
typedef struct PskcValue
{
	bool		is_plain;
	bool		is_sealed;
	size_t		length;
	uint8_t		bytes[OTP_PSKC_DATA_MAX];	/* plain: a number's digits, a secret's bytes */
	OtpPskcSealed sealed;
} PskcValue;

typedef struct PskcFrame
{
	PskcElement element;
	bool		text;
	uint64_t	seen;			/* the elements that were in it, as bits */
} PskcFrame;

struct OtpPskc
{
	const OtpPskcOptions *options;
	xmlParserCtxtPtr parser;
	const char *text;
	size_t		length;
	size_t		at;				/* bytes given to the parser */
	size_t		lines;			/* lines that begin in them, and so the line at their end */
	size_t		line;			/* of the tag that was given last */
	int			silent;			/* pieces since the last tag that the parser told of */

	PskcFrame	stack[PSKC_DEPTH_MAX];
	int			depth;			/* of the innermost open element; 0: PSKC_DOCUMENT */
	char		content[PSKC_CONTENT_MAX];
	size_t		content_length;

	bool		failed;
	OtpTokenError error;
	bool		has_packages;
	bool		ended;			/* the root has ended */
	bool		ready;			/* token is complete */

	OtpPskcCrypto crypto;
	bool		by_password;
	bool		encrypted;		/* there was an EncryptionKey */

	PskcValue	value;
	OtpToken	token;
	bool		has_key;
	int64_t		counter;
	int64_t		time;
	bool		usage_given;
	bool		usage_otp;
};

/* Refuses the file, unless it is already; the parser stops. */
extern void otp_pskc_fail(OtpPskc *p, const char *message);

/* The same, naming an element, an algorithm or the like. */
extern void otp_pskc_fail_at(OtpPskc *p, const char *message, const char *name, size_t length);

/* An attribute without a namespace; NULL if it is not there.  No zero byte ends it. */
extern const char *otp_pskc_attribute(const PskcAttributes *attributes, const char *name,
								  size_t *length);

/* Takes the attributes of an element that begins, and all of one that ends. */
extern void otp_pskc_begin(OtpPskc *p, PskcElement element, const PskcAttributes *attributes);
extern void otp_pskc_end(OtpPskc *p, PskcElement element, PskcElement parent);

/* What an element of Data says: PlainValue has ended, and the element itself. */
extern void otp_pskc_end_plain_value(OtpPskc *p, PskcElement parent);
extern void otp_pskc_end_value(OtpPskc *p, PskcElement element);

/* The text of an element in Base64. */
extern void otp_pskc_content_bytes(OtpPskc *p, uint8_t *bytes, size_t size, size_t *n);

/* Judges Policy, and the dates of a device, as far as an element's text says. */
extern void otp_pskc_begin_pin_policy(OtpPskc *p, const PskcAttributes *attributes);
extern void otp_pskc_end_date(OtpPskc *p, PskcElement element);
extern void otp_pskc_end_usage(OtpPskc *p);
extern void otp_pskc_end_policy(OtpPskc *p);

#endif							/* OTP_CORE_PSKC_READER_H */
