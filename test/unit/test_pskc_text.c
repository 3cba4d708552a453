/*
 * test_pskc_text.c
 *		PSKC in small texts: the XML, its bounds, and what each element may say.
 *
 * Requirements: 43.
 */
#include "pskc_outcome.h"

#define PSKC_TEST_SIZE	100000

#define START "<KeyContainer Version='1.0' xmlns='urn:ietf:params:xml:ns:keyprov:pskc'>"
#define KEY_START START "<KeyPackage><Key Id='1' Algorithm='urn:ietf:params:xml:ns:keyprov:pskc:totp'>"
#define SECRET "<Data><Secret><PlainValue>MTIzNA==</PlainValue></Secret></Data>"
#define KEY_END "</Key></KeyPackage></KeyContainer>"
#define TOKEN(fields) "1 totp " fields " serial=1 user= issuer= 1234"

static void
says(const char *text, const char *want)
{
	is_string(outcome(text, strlen(text), PLAIN), want, text);
}

static void
test_xml(void)
{
	says("", "1: the XML is not well-formed");
	says("x", "1: the XML is not well-formed");
	says("<", "1: the XML is not well-formed");
	says("<a/>", "1: the root is not a KeyContainer of RFC 6030: a");
	says("<KeyContainer/>", "1: the root is not a KeyContainer of RFC 6030: KeyContainer");
	says("<KeyContainer xmlns='urn:ietf:params:xml:ns:keyprov:pskc:1.0'/>",
		 "1: the root is not a KeyContainer of RFC 6030: KeyContainer");
	says("<KeyContainer xmlns='urn:ietf:params:xml:ns:keyprov:pskc'/>",
		 "1: the container's version is not 1.0");
	says(START "</KeyContainer>", "1: the container has no KeyPackage");
	says(START "<Device/></KeyContainer>", "1: the container has no KeyPackage");
	says(START "<KeyPackage/></KeyContainer>", "");
	says(KEY_START SECRET KEY_END, TOKEN("SHA1 6 30 0 0"));
	says("\xef\xbb\xbf" KEY_START SECRET KEY_END "\n<!-- -->\n", TOKEN("SHA1 6 30 0 0"));
	says("<?xml version='1.0' encoding='ISO-8859-1'?>" KEY_START SECRET
		 "<Issuer>\xc3\xa4</Issuer>" KEY_END, "1 totp SHA1 6 30 0 0 serial=1 user= issuer=\xc3\xa4 1234");
	says(KEY_START SECRET "<Issuer>\xe4</Issuer>" KEY_END, "1: the XML is not well-formed");
	says(KEY_START SECRET "<x:y/>" KEY_END, "1: the XML is not well-formed");
	says(KEY_START SECRET KEY_END "<a/>", "1: the XML is not well-formed");
	says(KEY_START SECRET "</Key></KeyPackage>\n\n", "3: the XML is not well-formed");
	says(KEY_START "<Data><Secret><PlainValue>M<!-- -->TI<![CDATA[zN]]>&#65;==</PlainValue></Secret></Data>"
		 KEY_END, TOKEN("SHA1 6 30 0 0"));
	says(KEY_START "<Data><Secret><PlainValue>MT<a/>IzNA==</PlainValue></Secret></Data>" KEY_END,
		 "1: an element is not supported where it stands: a");
	says(KEY_START SECRET SECRET KEY_END, "1: an element is given twice: Data");
	says(KEY_START SECRET "<Extensions><a><Data>x</Data></a></Extensions>" KEY_END, TOKEN("SHA1 6 30 0 0"));
}

static void
test_entities(void)
{
	static const char laughs[] =
		"<?xml version='1.0'?>\n"
		"<!DOCTYPE KeyContainer [\n"
		"<!ENTITY a 'ha'>\n"
		"<!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>\n"
		"<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>\n"
		"]>\n" KEY_START SECRET "<Issuer>&c;</Issuer>" KEY_END;
#define NO_DOCTYPE "a document type declaration is not allowed"

	says(laughs, "2: " NO_DOCTYPE);
	says("<!DOCTYPE KeyContainer SYSTEM 'file:///etc/passwd'>" KEY_START SECRET KEY_END, "1: " NO_DOCTYPE);
	says("<!DOCTYPE KeyContainer [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" KEY_START SECRET
		 "<Issuer>&x;</Issuer>" KEY_END, "1: " NO_DOCTYPE);
	says("<!DOCTYPE KeyContainer [<!ENTITY % x SYSTEM 'http://127.0.0.1/'> %x;]>" KEY_START SECRET KEY_END,
		 "1: " NO_DOCTYPE);
	says("<!DOCTYPE KeyContainer>" KEY_START SECRET KEY_END, "1: " NO_DOCTYPE);
	says("<!-- <!DOCTYPE a> -->" KEY_START SECRET KEY_END, TOKEN("SHA1 6 30 0 0"));
	says(KEY_START SECRET "<Issuer>&x;</Issuer>" KEY_END, "1: the XML is not well-formed");
	says(KEY_START SECRET "<Issuer>&lt;&amp;&#x41;</Issuer>" KEY_END,
		 "1 totp SHA1 6 30 0 0 serial=1 user= issuer=<&A 1234");
	is_string(outcome("\xff\xfe<\0a\0/\0>\0", 10, PLAIN), "1: the XML is not well-formed", "UTF-16 with a mark");
	is_string(outcome("<\0a\0/\0>\0", 8, PLAIN), "1: the XML is not well-formed", "UTF-16 without");
}

static void
test_bounds(void)
{
	static char text[3 * PSKC_TEST_SIZE];
	size_t		n;

	strcpy(text, KEY_START SECRET "<Extensions>");
	for (int i = 0; i < 40; i++)
		strcat(text, "<a>");
	is_string(outcome(text, strlen(text), PLAIN), "1: elements are nested too deeply", "depth");

	n = (size_t) sprintf(text, KEY_START SECRET "<Issuer>");
	memset(text + n, 'x', PSKC_TEST_SIZE);
	strcpy(text + n + PSKC_TEST_SIZE, "</Issuer>" KEY_END);
	is_string(outcome(text, strlen(text), PLAIN), "1: the text of an element is too long", "text");
	strcpy(text + n + 513, "</Issuer>" KEY_END);
	says(text, "1: a name or identifier is too long or has control characters");

	n = (size_t) sprintf(text, KEY_START SECRET "<!--");
	memset(text + n, '\n', PSKC_TEST_SIZE);
	strcpy(text + n + PSKC_TEST_SIZE, "--><Policy><a/></Policy>" KEY_END);
	is_string(outcome(text, strlen(text), PLAIN),
			  "100001: an element is not supported where it stands: a", "beyond 65535 lines");

	says(KEY_START "<Data><Secret><PlainValue></PlainValue></Secret></Data>" KEY_END,
		 "1: the secret is empty or too long");
	says(KEY_START "<Data><Secret><PlainValue>MTIzNA=</PlainValue></Secret></Data>" KEY_END,
		 "1: a value is not Base64, or too long");
	says(KEY_START "<Data><Secret/></Data>" KEY_END,
		 "1: there has to be one of PlainValue and EncryptedValue");
}

static void
parameters(const char *text, const char *want)
{
	static char whole[1024];

	snprintf(whole, sizeof(whole), KEY_START "<AlgorithmParameters>%s</AlgorithmParameters>" SECRET KEY_END, text);
	is_string(outcome(whole, strlen(whole), PLAIN), want, text);
}

static void
test_parameters(void)
{
	parameters("", TOKEN("SHA1 6 30 0 0"));
	parameters("<Suite>HMAC-SHA512</Suite>", TOKEN("SHA512 6 30 0 0"));
	parameters("<Suite hashalgo='sha256'/>", TOKEN("SHA256 6 30 0 0"));
	parameters("<Suite>SHA3</Suite>", "1: the algorithm suite is not supported: SHA3");
	parameters("<ResponseFormat Encoding='DECIMAL' Length='10'/>", TOKEN("SHA1 10 30 0 0"));
	parameters("<ResponseFormat Encoding='DECIMAL' Length='11'/>", "1: the number of digits is not supported");
	parameters("<ResponseFormat Encoding='DECIMAL'/>", "1: the number of digits is not supported");
	parameters("<ResponseFormat Length='6'/>", "1: the encoding of codes is not DECIMAL");
	parameters("<ResponseFormat Encoding='HEXADECIMAL' Length='6'/>",
			   "1: the encoding of codes is not DECIMAL: HEXADECIMAL");
	parameters("<ResponseFormat Encoding='DECIMAL' Length='6' CheckDigits='true'/>",
			   "1: codes with a check digit are not supported");
	parameters("<ResponseFormat Encoding='DECIMAL' Length='6' CheckDigits='false'/>", TOKEN("SHA1 6 30 0 0"));
	parameters("<ChallengeFormat Encoding='DECIMAL' Min='1' Max='2'/><Extensions><x/></Extensions>",
			   TOKEN("SHA1 6 30 0 0"));
	parameters("<Truncation/>", "1: an element is not supported where it stands: Truncation");
}

static void
data(const char *text, const char *want)
{
	static char whole[1024];

	snprintf(whole, sizeof(whole), KEY_START "<Data><Secret><PlainValue>MTIzNA==</PlainValue></Secret>%s</Data>" KEY_END,
			 text);
	is_string(outcome(whole, strlen(whole), PLAIN), want, text);
}

#define NUMBER(name, value) "<" name "><PlainValue>\n            " value "\n           </PlainValue></" name ">"
#define NO_NUMBER "a value is not a number, or out of its range"

static void
test_data(void)
{
	data(NUMBER("TimeInterval", "60") NUMBER("TimeDrift", "-3") NUMBER("Time", "19127520"), TOKEN("SHA1 6 60 19127520 -3"));
	data(NUMBER("TimeInterval", "60") NUMBER("Time", "19127521"), "1: the token's time is in the future");
	data(NUMBER("Counter", "5"), TOKEN("SHA1 6 30 0 0"));
	data(NUMBER("TimeInterval", "0"), "3: " NO_NUMBER);
	data(NUMBER("TimeInterval", "86401"), "3: " NO_NUMBER);
	data(NUMBER("TimeDrift", "1001"), "3: " NO_NUMBER);
	data(NUMBER("Time", "-1"), "3: " NO_NUMBER);
	data(NUMBER("Time", "x"), "3: " NO_NUMBER);
	data(NUMBER("Time", "9223372036854775808"), "3: " NO_NUMBER);
	data(NUMBER("Time", ""), "3: " NO_NUMBER);
}

static void
policy(const char *text, const char *want)
{
	static char whole[1024];

	snprintf(whole, sizeof(whole), KEY_START SECRET "<Policy>%s</Policy>" KEY_END, text);
	is_string(outcome(whole, strlen(whole), PLAIN), want, text);
}

static void
test_policy(void)
{
	const char *fine = TOKEN("SHA1 6 30 0 0");

	policy("", fine);
	policy("<KeyUsage>CR</KeyUsage><KeyUsage> OTP </KeyUsage>", fine);
	policy("<KeyUsage>CR</KeyUsage>", "1: the key may not be used for one-time codes");
	policy("<StartDate>2006-05-15T00:00:00Z</StartDate><ExpiryDate>2006-05-15T00:00:01Z</ExpiryDate>", fine);
	policy("<StartDate>2006-05-15T00:00:00.001+00:00</StartDate>", fine);
	policy("<StartDate>2006-05-15T00:00:01Z</StartDate>", "1: the key or its device is not valid yet");
	policy("<StartDate>2006-05-15T00:00:00-01:00</StartDate>", "1: the key or its device is not valid yet");
	policy("<ExpiryDate>2006-05-15T00:00:00</ExpiryDate>", "1: the key or its device has expired");
	policy("<ExpiryDate>2006-05-15T01:00:00+01:00</ExpiryDate>", "1: the key or its device has expired");
	policy("<ExpiryDate>9999-12-31T23:59:59Z</ExpiryDate>", fine);
	policy("<ExpiryDate>2037-12-31</ExpiryDate>", "1: a date is not valid");
	policy("<ExpiryDate>2037-13-31T00:00:00Z</ExpiryDate>", "1: a date is not valid");
	policy("<ExpiryDate>2037-12-31T00:00:00z</ExpiryDate>", "1: a date is not valid");
	policy("<ExpiryDate>2037-12-31T00:00:00Z00</ExpiryDate>", "1: a date is not valid");
	policy("<PINPolicy PINUsageMode='Local' MinLength='4' PINKeyId='2'/>", fine);
	policy("<PINPolicy PINUsageMode='Prepend'/>", "1: the use of the PIN is not supported: Prepend");
	policy("<PINPolicy MinLength='4'/>", "1: the use of the PIN is not supported");
	policy("<PINPolicy PINUsageMode='Local' OnWeekDaysOnly='true'/>", "1: the PIN policy is not understood");
	policy("<PINPolicy PINUsageMode='Local'><x/></PINPolicy>",
		   "1: an element is not supported where it stands: x");
	policy("<NumberOfTransactions>5</NumberOfTransactions>",
		   "1: an element is not supported where it stands: NumberOfTransactions");
	policy("<x:y xmlns:x='urn:x'/>", "1: an element is not supported where it stands: y");
	says(START "<KeyPackage><DeviceInfo><ExpiryDate>2006-05-15T00:00:00Z</ExpiryDate></DeviceInfo>"
		 "</KeyPackage></KeyContainer>", "1: the key or its device has expired");
}

int
main(void)
{
	test_xml();
	test_entities();
	test_bounds();
	test_parameters();
	test_data();
	test_policy();
	return done_testing();
}
