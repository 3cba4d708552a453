/*
 * pskc_schema.c
 *		Which element may stand where in a PSKC container (RFC 6030, section 11).
 */
#include "pskc_reader.h"

#include <string.h>

#define PSKC	"urn:ietf:params:xml:ns:keyprov:pskc"
#define DS		"http://www.w3.org/2000/09/xmldsig#"
#define XENC	"http://www.w3.org/2001/04/xmlenc#"
#define XENC11	"http://www.w3.org/2009/xmlenc11#"
#define PKCS5	"http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#"

typedef struct Row
{
	PskcElement parent;
	const char *ns;				/* NULL: any of those that PBKDF2's parameters stand in */
	const char *name;
	PskcPlace	place;
} Row;

#define MANY(element)	{PSKC_##element, false, false}
#define ONCE(element)	{PSKC_##element, true, false}
#define TEXT(element)	{PSKC_##element, true, true}
#define TEXTS(element)	{PSKC_##element, false, true}

/* The same within a sealed value, whatever it is the value of. */
#define SEALED(parent) \
	{PSKC_##parent, XENC, "EncryptionMethod", ONCE(ENCRYPTION_METHOD)}, \
	{PSKC_##parent, XENC, "CipherData", ONCE(CIPHER_DATA)}

/* The same within each element of Data. */
#define VALUE(parent) \
	{PSKC_##parent, PSKC, "PlainValue", TEXT(PLAIN_VALUE)}, \
	{PSKC_##parent, PSKC, "EncryptedValue", ONCE(ENCRYPTED_VALUE)}, \
	{PSKC_##parent, PSKC, "ValueMAC", TEXT(VALUE_MAC)}

static const Row rows[] = {
	{PSKC_DOCUMENT, PSKC, "KeyContainer", ONCE(CONTAINER)},
	{PSKC_CONTAINER, PSKC, "EncryptionKey", ONCE(ENCRYPTION_KEY)},
	{PSKC_CONTAINER, PSKC, "MACMethod", ONCE(MAC_METHOD)},
	{PSKC_CONTAINER, PSKC, "KeyPackage", MANY(PACKAGE)},

	{PSKC_ENCRYPTION_KEY, DS, "KeyName", MANY(KEY_NAME)},
	{PSKC_ENCRYPTION_KEY, XENC11, "DerivedKey", ONCE(DERIVED_KEY)},
	{PSKC_DERIVED_KEY, XENC11, "KeyDerivationMethod", ONCE(DERIVATION_METHOD)},
	{PSKC_DERIVATION_METHOD, NULL, "PBKDF2-params", ONCE(PBKDF2)},
	{PSKC_PBKDF2, NULL, "Salt", ONCE(SALT)},
	{PSKC_SALT, NULL, "Specified", TEXT(SPECIFIED_SALT)},
	{PSKC_PBKDF2, NULL, "IterationCount", TEXT(ITERATIONS)},
	{PSKC_PBKDF2, NULL, "KeyLength", TEXT(DERIVED_LENGTH)},
	{PSKC_PBKDF2, NULL, "PRF", ONCE(PRF)},
	{PSKC_MAC_METHOD, PSKC, "MACKey", ONCE(MAC_KEY)},
	SEALED(MAC_KEY),
	SEALED(ENCRYPTED_VALUE),
	{PSKC_CIPHER_DATA, XENC, "CipherValue", TEXT(CIPHER_VALUE)},

	{PSKC_PACKAGE, PSKC, "DeviceInfo", ONCE(DEVICE)},
	{PSKC_PACKAGE, PSKC, "Key", ONCE(KEY)},
	{PSKC_DEVICE, PSKC, "SerialNo", TEXT(SERIAL)},
	{PSKC_DEVICE, PSKC, "Manufacturer", TEXT(MANUFACTURER)},
	{PSKC_DEVICE, PSKC, "UserId", TEXT(DEVICE_USER)},
	{PSKC_DEVICE, PSKC, "StartDate", TEXT(START_DATE)},
	{PSKC_DEVICE, PSKC, "ExpiryDate", TEXT(EXPIRY_DATE)},

	{PSKC_KEY, PSKC, "Issuer", TEXT(ISSUER)},
	{PSKC_KEY, PSKC, "UserId", TEXT(KEY_USER)},
	{PSKC_KEY, PSKC, "AlgorithmParameters", ONCE(PARAMETERS)},
	{PSKC_KEY, PSKC, "Data", ONCE(DATA)},
	{PSKC_KEY, PSKC, "Policy", ONCE(POLICY)},
	{PSKC_PARAMETERS, PSKC, "Suite", TEXT(SUITE)},
	{PSKC_PARAMETERS, PSKC, "ResponseFormat", ONCE(RESPONSE_FORMAT)},
	{PSKC_PARAMETERS, PSKC, "ChallengeFormat", MANY(PASSED_OVER)},
	{PSKC_PARAMETERS, PSKC, "Extensions", MANY(PASSED_OVER)},
	{PSKC_DATA, PSKC, "Secret", ONCE(SECRET)},
	{PSKC_DATA, PSKC, "Counter", ONCE(COUNTER)},
	{PSKC_DATA, PSKC, "Time", ONCE(TIME)},
	{PSKC_DATA, PSKC, "TimeInterval", ONCE(TIME_INTERVAL)},
	{PSKC_DATA, PSKC, "TimeDrift", ONCE(TIME_DRIFT)},
	VALUE(SECRET),
	VALUE(COUNTER),
	VALUE(TIME),
	VALUE(TIME_INTERVAL),
	VALUE(TIME_DRIFT),

	{PSKC_POLICY, PSKC, "StartDate", TEXT(START_DATE)},
	{PSKC_POLICY, PSKC, "ExpiryDate", TEXT(EXPIRY_DATE)},
	{PSKC_POLICY, PSKC, "KeyUsage", TEXTS(KEY_USAGE)},
	{PSKC_POLICY, PSKC, "PINPolicy", ONCE(PIN_POLICY)},
};

/*
 * Within these, what is not known could change what a key is or whether it may be used, or is
 * another way to encrypt.  Of Policy, RFC 6030 section 5 says so; and there is no way to keep
 * to a NumberOfTransactions.
 */
static bool
is_strict(PskcElement parent)
{
	switch (parent)
	{
		case PSKC_DOCUMENT:
		case PSKC_ENCRYPTION_KEY:
		case PSKC_DERIVATION_METHOD:
		case PSKC_PBKDF2:
		case PSKC_SALT:
		case PSKC_MAC_METHOD:
		case PSKC_CIPHER_DATA:
		case PSKC_PARAMETERS:
		case PSKC_SECRET:
		case PSKC_COUNTER:
		case PSKC_TIME:
		case PSKC_TIME_INTERVAL:
		case PSKC_TIME_DRIFT:
		case PSKC_POLICY:
		case PSKC_PIN_POLICY:
			return true;
		default:
			return false;
	}
}

/*
 * RFC 6030's Figure 7 has the parameters of PBKDF2 in no namespace, as PKCS #5's schema wants
 * it; XML Encryption 1.1 has them in its own, and some files have them in that of PKCS #5.
 */
static bool
is_in(const char *ns, const Row *row)
{
	if (row->ns)
		return strcmp(ns, row->ns) == 0;
	return *ns == '\0' || strcmp(ns, PKCS5) == 0 || strcmp(ns, XENC11) == 0;
}

const PskcPlace *
otp_pskc_place(PskcElement parent, const char *ns, const char *name)
{
	static const PskcPlace passed_over = MANY(PASSED_OVER);

	if (parent == PSKC_PASSED_OVER)
		return &passed_over;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	{
		if (rows[i].parent == parent && strcmp(name, rows[i].name) == 0 && is_in(ns, &rows[i]))
			return &rows[i].place;
	}
	return is_strict(parent) ? NULL : &passed_over;
}
