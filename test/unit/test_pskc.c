/*
 * test_pskc.c
 *		PSKC in files: the figures of RFC 6030, files made by another implementation, and each of
 *		them with something changed.
 *
 * The files are in test/data/pskc and say where they are from.
 *
 * Requirements: 43.
 */
#include "pskc_outcome.h"

#define FILE_MAX	16384

static const uint8_t bytes_from_0[32] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
};
static const uint8_t figure6_key[16] = {
	0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12,
};

#define KEY(bytes, n)	(&(OtpPskcOptions) {bytes, n, NULL, 0, MAY_2006})
#define PASSWORD(text)	(&(OtpPskcOptions) {NULL, 0, text, strlen(text), MAY_2006})
#define FIGURE6			KEY(figure6_key, 16)

static char *
load(const char *name)
{
	static char text[FILE_MAX];
	char		path[1024];
	FILE	   *file;
	size_t		n;

	snprintf(path, sizeof(path), "%s/pskc/%s.xml", OTP_TEST_DATA, name);
	file = fopen(path, "rb");
	if (!file)
	{
		perror(path);
		exit(1);
	}
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	return text;
}

static void
reads(const char *name, const OtpPskcOptions *options, const char *want)
{
	const char *text = load(name);

	is_string(outcome(text, strlen(text), options), want, name);
}

/* The file with the first `from` in it replaced. */
static void
edited(const char *name, const OtpPskcOptions *options, const char *from, const char *to,
	   const char *want)
{
	static char text[FILE_MAX];
	const char *whole = load(name);
	const char *place = strstr(whole, from);

	if (!ok(place != NULL, "%s has %s", name, from))
		return;
	snprintf(text, sizeof(text), "%.*s%s%s", (int) (place - whole), whole, to, place + strlen(from));
	is_string(outcome(text, strlen(text), options), want, to);
}

#define NO_MATCH "the message authentication code does not match: another key, or a changed file"
#define NO_MAC "an encrypted value has no message authentication code"
#define RFC_SECRET "12345678901234567890"

static void
test_figures(void)
{
	reads("figure2", PLAIN, "7 hotp SHA1 6 30 0 0 serial=12345678 user= issuer=Issuer-A 1234");
	reads("figure3", PLAIN, "15 hotp SHA1 8 30 0 0 serial=987654321 "
		  "user=UID=jsmith,DC=example-bank,DC=net issuer=Issuer " RFC_SECRET);
	reads("figure4", PLAIN, "14: the token has no secret");
	reads("figure5", PLAIN,
		  "45: the key's algorithm is not supported: urn:ietf:params:xml:ns:keyprov:pskc:pin");
	reads("figure6", FIGURE6, "29 hotp SHA1 8 30 0 0 serial=987654321 user= issuer=Issuer " RFC_SECRET);
	reads("figure7", PASSWORD("qwerty"),
		  "47 hotp SHA1 8 30 0 0 serial=987654321 user= issuer=Example-Issuer " RFC_SECRET);
	reads("figure8", PLAIN, "10: an element is not supported where it stands: X509Data");
	reads("figure9", PLAIN,
		  "13 hotp SHA1 6 30 0 0 serial=0755225266 user= issuer=Example-Issuer " RFC_SECRET);
	reads("figure10", PLAIN, "82: the key or its device has expired");
}

static void
test_made(void)
{
	reads("aes256", KEY(bytes_from_0, 32),
		  "14 totp SHA256 8 60 1000 -2 serial=T1 user=alice issuer= 12345678901234567890123456789012; "
		  "51 hotp SHA1 6 30 1099511627776 0 serial=H1 user=carol issuer= abcdefghijklmnopqrst");
	reads("password", PASSWORD("p\xc3\xa4ssword"),
		  "25 hotp SHA1 6 30 0 0 serial=P1 user= issuer= " RFC_SECRET);
	reads("wrapped", KEY(bytes_from_0, 16),
		  "7 hotp SHA1 6 30 0 0 serial=W1 user= issuer= 123456789012345678901234");
}

static void
test_keys(void)
{
	uint8_t		other[16] = {0};

	reads("figure6", PLAIN, "48: the container is encrypted with a key, and none is given");
	reads("figure6", PASSWORD("qwerty"), "48: the container is encrypted with a key, and none is given");
	reads("figure6", KEY(other, 16), "48: " NO_MATCH);
	reads("figure6", KEY(bytes_from_0, 32), "48: the key's length does not fit the cipher");
	reads("figure6", KEY(bytes_from_0, 33), "9: the key's length does not fit the cipher");
	reads("figure7", PLAIN, "65: the container is encrypted with a password, and none is given");
	reads("figure7", FIGURE6, "65: the container is encrypted with a password, and none is given");
	reads("figure7", PASSWORD("qwertz"), "65: " NO_MATCH);
	reads("figure7", PASSWORD(""), "65: " NO_MATCH);
	reads("wrapped", KEY(bytes_from_0, 32), "14: the key's length does not fit the cipher");
	reads("wrapped", KEY(other, 16),
		  "14: an encrypted value does not decrypt: another key, or a changed file");
	reads("figure3", FIGURE6, "25: a secret is not encrypted, though a key or a password is given");
	reads("figure3", PASSWORD("x"), "25: a secret is not encrypted, though a key or a password is given");
}

/* Figure 6 with another ciphertext, and the MAC that fits. */
static void
resealed(const char *cipher, const char *mac, const char *want, const char *name)
{
	static char text[FILE_MAX];
	const char *whole = load("figure6");
	const char *old_cipher = strstr(whole, "AAECAwQF");
	const char *old_mac = strstr(whole, "Su+Nv");

	snprintf(text, sizeof(text), "%.*s%s%.*s%s%s", (int) (old_cipher - whole), whole, cipher,
			 (int) (old_mac - old_cipher - 64), old_cipher + 64, mac, old_mac + 28);
	is_string(outcome(text, strlen(text), FIGURE6), want, name);
}

static void
test_padding(void)
{
#define NO_DECRYPTION "48: an encrypted value does not decrypt: another key, or a changed file"
	resealed("AAECAwQFBgcICQoLDA0OD0cj748eb73Nw/rS27+bK7E0UK8SMD0EqjVkTeZGWHYD",
			 "DS7DAPHwlk8X6M7QvGuoVP75KSg=",
			 "29 hotp SHA1 8 30 0 0 serial=987654321 user= issuer=Issuer xxxxxxxxxxxxxxxxxxx",
			 "13 bytes of padding");
	resealed("AAECAwQFBgcICQoLDA0OD0cj748eb73Nw/rS27+bK7H/Wbbzb5s4h7VfTlodZu4e",
			 "Cwr4NR4X6N0waW/KfKkCMp50E4U=", NO_DECRYPTION, "none");
	resealed("AAECAwQFBgcICQoLDA0OD0cj748eb73Nw/rS27+bK7Fl70juC1lhBo3RV0GL02B2",
			 "bCWreonFTCT4v3RNvdhARxckpX4=", NO_DECRYPTION, "more than a block");
	resealed("AAECAwQFBgcICQoLDA0OD9X3odhVDQJ62HdEr5sdIjs=", "H4pu+hEVbLRZh2vpJPEtoMkrXJU=",
			 "48: the secret is empty or too long", "nothing but padding");
}

static void
test_mac(void)
{
	edited("figure6", FIGURE6, "Su+NvtQfmvfJzF6bmQiJqoLRExc=", "Tu+NvtQfmvfJzF6bmQiJqoLRExc=",
		   "48: " NO_MATCH);
	edited("figure6", FIGURE6, "Su+NvtQfmvfJzF6bmQiJqoLRExc=", "Su+NvtQfmvfJzF6bmQiJqoLR",
		   "48: " NO_MATCH);
	edited("figure6", FIGURE6, "Su+NvtQfmvfJzF6bmQiJqoLRExc=", "Su+NvtQfmvfJzF6bmQiJqoLRExcA",
		   "48: " NO_MATCH);
	edited("figure6", FIGURE6, "Su+NvtQfmvfJzF6bmQiJqoLRExc=", "",
		   "47: a message authentication code is empty");
	edited("figure6", FIGURE6, "AAECAwQF", "BAECAwQF", "48: " NO_MATCH);
	edited("figure6", FIGURE6, "IUqGv", "IUqGw", "48: " NO_MATCH);
	edited("figure6", FIGURE6, "ESIzRFVm", "FSIzRFVm", "48: " NO_MATCH);
	edited("figure6", FIGURE6, "xmldsig#hmac-sha1", "xmldsig#hmac-md5",
		   "10: the MAC method is not supported: http://www.w3.org/2000/09/xmldsig#hmac-md5");
	edited("figure6", FIGURE6, "xmldsig#hmac-sha1", "xmldsig-more#hmac-sha256", "48: " NO_MATCH);
	edited("figure6", FIGURE6, "<ValueMAC>Su+NvtQfmvfJzF6bmQiJqoLRExc=\n                    </ValueMAC>",
		   "", "47: " NO_MAC);
	edited("figure6", FIGURE6, "<ValueMAC>Su+NvtQfmvfJzF6bmQiJqoLRExc=", "<ValueMAK>x</ValueMAK><ValueMAC>",
		   "46: an element is not supported where it stands: ValueMAK");
	edited("figure6", FIGURE6, "<MACMethod", "<MACMethod2",
		   "20: the XML is not well-formed");
	edited("aes256", KEY(bytes_from_0, 32), "hmac-sha256\">\n    <MACKey>",
		   "hmac-sha256\"><MACKeyReference>x</MACKeyReference>\n    <MACKey>",
		   "6: an element is not supported where it stands: MACKeyReference");
	edited("figure3", PLAIN, "</PlainValue>\n                </Secret>",
		   "</PlainValue><ValueMAC>AAAA</ValueMAC></Secret>",
		   "24: a plain value has a message authentication code");
}

/* The parser takes the square of their length for some of what stands between two tags. */
static void
test_silence(void)
{
	static char text[FILE_MAX];
	const char *whole = load("figure2");
	const char *place = strstr(whole, "<Key Id");
	char		arrows[1200];

	memset(arrows, '>', sizeof(arrows));
	snprintf(text, sizeof(text), "%.*s<!-- %.*s -->%s", (int) (place - whole), whole, 900, arrows, place);
	is_string(outcome(text, strlen(text), PLAIN),
			  "7 hotp SHA1 6 30 0 0 serial=12345678 user= issuer=Issuer-A 1234", "900 > in a comment");
	snprintf(text, sizeof(text), "%.*s<!-- %.*s -->%s", (int) (place - whole), whole, 1100, arrows, place);
	is_string(outcome(text, strlen(text), PLAIN), "7: a tag, a comment or a text is too long",
			  "1100 > in a comment");
}

/* Without its MACMethod altogether, and with ciphers that are not supported. */
static void
test_ciphers(void)
{
	static char text[FILE_MAX];
	const char *whole = load("figure6");
	const char *start = strstr(whole, "<MACMethod");
	const char *end = strstr(whole, "</MACMethod>") + strlen("</MACMethod>");

	snprintf(text, sizeof(text), "%.*s%s", (int) (start - whole), whole, end);
	is_string(outcome(text, strlen(text), FIGURE6), "38: " NO_MAC, "without a MACMethod");

	edited("wrapped", KEY(bytes_from_0, 16), "xmlenc#kw-aes128", "xmlenc#tripledes-cbc",
		   "11: the cipher is not supported: http://www.w3.org/2001/04/xmlenc#tripledes-cbc");
	edited("wrapped", KEY(bytes_from_0, 16), "xmlenc#kw-aes128", "xmlenc#aes128-cbc", "14: " NO_MAC);
	edited("wrapped", KEY(bytes_from_0, 16), "<EncryptionKey><ds:KeyName>K</ds:KeyName></EncryptionKey>", "",
		   "14: a value is encrypted, but the container does not say by which key");
	edited("wrapped", KEY(bytes_from_0, 16), "<xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#kw-aes128\"/>",
		   "", "14: an encrypted value does not name its cipher");
	edited("figure7", PASSWORD("qwerty"), "pkcs-5v2-0#pbkdf2", "pkcs-5v2-0#pbkdf1",
		   "10: the key derivation is not supported: "
		   "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf");
	edited("figure7", PASSWORD("qwerty"), ">1000<", ">2000001<",
		   "16: the number of iterations is not supported");
	edited("figure7", PASSWORD("qwerty"), ">1000<", ">0<",
		   "16: the number of iterations is not supported");
	edited("figure7", PASSWORD("qwerty"), ">1000<", ">1001<", "65: " NO_MATCH);
	edited("figure7", PASSWORD("qwerty"), ">16<", ">15<", "17: the key length is not supported");
	edited("figure7", PASSWORD("qwerty"), ">16<", ">24<", "65: the key's length does not fit the cipher");
	edited("figure7", PASSWORD("qwerty"), "<PRF/>", "<PRF Algorithm=\"x#hmac-md5\"/>",
		   "18: the key derivation's function is not supported: x#hmac-md5");
	edited("figure7", PASSWORD("qwerty"), "<Specified>Ej7/PEpyEpw=</Specified>", "",
		   "65: the key derivation needs a salt, a number of iterations and a key length");
}

int
main(void)
{
	test_figures();
	test_made();
	test_keys();
	test_padding();
	test_mac();
	test_silence();
	test_ciphers();
	return done_testing();
}
