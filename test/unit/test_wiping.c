/*
 * test_wiping.c
 *		What is left of a key in OpenSSL's memory, and what happens when there is
 *		none to be had.
 *
 * All of OpenSSL's allocations, and those of the core, go through here.  The probes
 * are the key, bare and under each pad; the state of the digest past each pad, with
 * which whoever has it can make codes; and the inner and the outer digest of a code.
 * All of them are computed apart.
 *
 * Requirements: 23.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "aead.h"
#include "base32.h"
#include "derive.h"
#include "hotp.h"
#include "otpauth.h"

#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "methods.h"
#include "tap.h"

#define COUNTER	2

typedef struct Block
{
	struct Block *next;
	struct Block *previous;
	size_t		size;
	size_t		filler;			/* keeps what follows aligned to 16 */
} Block;

static Block live = {&live, &live, 0, 0};

typedef struct Probe
{
	size_t		size;
	uint8_t		bytes[64];
} Probe;

static Probe probes[16];
static int	probe_count;
static int	freed_unwiped;
static long taken;
static long allowed = -1;		/* allocations until one fails; -1: none fails */
static bool failed;

static bool
holds_probe(const uint8_t *bytes, size_t size)
{
	for (int p = 0; p < probe_count; p++)
	{
		for (size_t i = 0; i + probes[p].size <= size; i++)
		{
			if (memcmp(bytes + i, probes[p].bytes, probes[p].size) == 0)
				return true;
		}
	}
	return false;
}

static int
live_probes(void)
{
	int			count = 0;

	for (Block *b = live.next; b != &live; b = b->next)
		count += holds_probe((uint8_t *) (b + 1), b->size);
	return count;
}

static void *
take(size_t size, const char *file, int line)
{
	Block	   *b;

	(void) file;
	(void) line;
	if (allowed == 0)
	{
		failed = true;
		return NULL;
	}
	if (allowed > 0)
		allowed--;
	taken++;
	b = malloc(sizeof(Block) + size);
	if (!b)
		abort();
	*b = (Block) {live.next, &live, size, 0};
	live.next->previous = b;
	live.next = b;
	return b + 1;
}

static void
give(void *p, const char *file, int line)
{
	Block	   *b;

	(void) file;
	(void) line;
	if (!p)
		return;
	b = (Block *) p - 1;
	freed_unwiped += holds_probe(p, b->size);
	b->next->previous = b->previous;
	b->previous->next = b->next;
	free(b);
}

static void *
resize(void *p, size_t size, const char *file, int line)
{
	void	   *moved = take(size, file, line);

	if (moved && p)
	{
		size_t		old = ((Block *) p)[-1].size;

		memcpy(moved, p, old < size ? old : size);
		give(p, file, line);
	}
	return moved;
}

static void
add_probe(const void *bytes, size_t size)
{
	probes[probe_count].size = size;
	memcpy(probes[probe_count++].bytes, bytes, size);
}

/* A digest as bytes, and as the words of this machine that it is computed in. */
static void
add_digest_probes(OtpAlgorithm algorithm, const uint8_t *digest)
{
	size_t		size = otp_digest_size(algorithm);
	size_t		word = algorithm == OTP_SHA512 ? 8 : 4;
	uint8_t		words[64];

	add_probe(digest, size);
	for (size_t i = 0; i < size; i++)
		words[i] = digest[i / word * word + word - 1 - i % word];
	add_probe(words, size);
}

/*
 * Hashes a pad of the key, and a message after it.  The state between them is a probe, and so is
 * the digest.
 */
static void
probe_half(OtpAlgorithm algorithm, const uint8_t *pad, const uint8_t *message, size_t length,
		   uint8_t *digest)
{
	if (algorithm == OTP_SHA512)
	{
		SHA512_CTX	c;

		SHA512_Init(&c);
		SHA512_Update(&c, pad, 128);
		add_probe(c.h, sizeof(c.h));
		SHA512_Update(&c, message, length);
		SHA512_Final(digest, &c);
	}
	else if (algorithm == OTP_SHA256)
	{
		SHA256_CTX	c;

		SHA256_Init(&c);
		SHA256_Update(&c, pad, 64);
		add_probe(c.h, sizeof(c.h));
		SHA256_Update(&c, message, length);
		SHA256_Final(digest, &c);
	}
	else
	{
		SHA_CTX		c;

		SHA1_Init(&c);
		SHA1_Update(&c, pad, 64);
		add_probe(&c.h0, 20);
		SHA1_Update(&c, message, length);
		SHA1_Final(digest, &c);
	}
	add_digest_probes(algorithm, digest);
}

static void
set_probes(OtpAlgorithm algorithm, const uint8_t *key, size_t length)
{
	static const uint8_t message[8] = {0, 0, 0, 0, 0, 0, 0, COUNTER};
	uint8_t		inner[OTP_DIGEST_MAX];
	uint8_t		outer[OTP_DIGEST_MAX];
	uint8_t		pads[2][OTP_BLOCK_MAX];

	probe_count = 0;
	for (int p = 0; p < 2; p++)
	{
		memset(pads[p], p ? 0x5c : 0x36, sizeof(pads[p]));
		for (size_t i = 0; i < length; i++)
			pads[p][i] ^= key[i];
		add_probe(pads[p], length);
	}
	add_probe(key, length);
	probe_half(algorithm, pads[0], message, sizeof(message), inner);
	probe_half(algorithm, pads[1], inner, otp_digest_size(algorithm), outer);
	freed_unwiped = 0;
}

static uint8_t key[48];

/* The HMAC, keyed, that the next call may use. */
static OtpHmac *
keyed(OtpAlgorithm algorithm)
{
	OtpHmac    *hmac = new_hmac(algorithm);

	if (hmac && !otp_hmac_key(hmac, key, sizeof(key)))
	{
		otp_hmac_free(hmac);
		return NULL;
	}
	return hmac;
}

static void
test_hmac(OtpAlgorithm algorithm)
{
	const char *name = otp_algorithm_name(algorithm);
	OtpHmac    *hmac = keyed(algorithm);
	char		code[OTP_DIGITS_MAX + 1];

	is_integer(live_probes(), 2, "the probes see a key that is set");
	otp_hmac_begin(hmac);
	is_integer(live_probes(), 3, "and a message begun");
	otp_hotp(hmac, 6, COUNTER, code);
	is_integer(live_probes(), 3, "and its digest");
	otp_hmac_wipe(hmac);
	ok(live_probes() == 0 && freed_unwiped == 0, "%s, %s: wiped", method->name, name);

	otp_hmac_key(hmac, key, sizeof(key));
	otp_hmac_begin(hmac);
	otp_hmac_key(hmac, "another", 7);
	ok(live_probes() == 0 && freed_unwiped == 0, "%s, %s: replaced by another key, a message begun",
	   method->name, name);
	otp_hmac_key(hmac, key, sizeof(key));
	otp_hotp(hmac, 6, COUNTER, code);
	otp_hmac_key(hmac, "another", 7);
	ok(live_probes() == 0 && freed_unwiped == 0, "%s, %s: replaced by another key, a code made",
	   method->name, name);

	otp_hmac_key(hmac, key, sizeof(key));
	otp_hotp(hmac, 6, COUNTER, code);
	otp_hmac_begin(hmac);
	otp_hmac_free(hmac);
	ok(live_probes() == 0 && freed_unwiped == 0, "%s, %s: freed", method->name, name);
}

static void
test_hotp(OtpAlgorithm algorithm)
{
	static const uint64_t counters[] = {1, COUNTER, 3};
	OtpHmac    *hmac = keyed(algorithm);
	const char *name = otp_algorithm_name(algorithm);
	char		code[OTP_DIGITS_MAX + 1];
	int			match;

	ok(otp_hotp(hmac, 6, COUNTER, code), "%s, %s: a code", method->name, name);
	ok(otp_hotp_search(hmac, 6, code, 6, counters, 3, &match) && match == 1,
	   "%s, %s: found", method->name, name);
	otp_hmac_free(hmac);
	ok(live_probes() == 0 && freed_unwiped == 0, "%s, %s: leaves nothing behind", method->name,
	   name);
}

/* OpenSSL 3.0 to 3.4 allocate for each code of EVP's: a count of the work that a search does. */
static long
work_of(OtpHmac *hmac, const char *guess, size_t length)
{
	static const uint64_t counters[] = {1, 2, 3, 4, 5};
	long		before = taken;
	int			match;

	otp_hotp_search(hmac, 6, guess, length, counters, 5, &match);
	return taken - before;
}

static void
test_work(OtpAlgorithm algorithm)
{
	OtpHmac    *hmac = keyed(algorithm);
	char		first[OTP_DIGITS_MAX + 1];
	char		last[OTP_DIGITS_MAX + 1];
	long		work = work_of(hmac, "", 0);

	otp_hotp(hmac, 6, 1, first);
	otp_hotp(hmac, 6, 5, last);
	ok(work_of(hmac, first, 6) == work && work_of(hmac, last, 6) == work &&
	   work_of(hmac, "000000", 6) == work && work_of(hmac, last, 5) == work,
	   "%s, %s: as much work wherever the match is", method->name, otp_algorithm_name(algorithm));
	otp_hmac_free(hmac);
}

/* Fails the first allocation, then the second, until all of them are granted. */
static void
test_no_memory(OtpAlgorithm algorithm)
{
	static const uint64_t counters[] = {1, COUNTER, 3};
	const char *name = otp_algorithm_name(algorithm);
	OtpHmac    *apart = keyed(algorithm);
	char		code[OTP_DIGITS_MAX + 1];
	char		want[OTP_DIGITS_MAX + 1];
	bool		clean = true;
	int			refused = 0;

	otp_hotp(apart, 6, COUNTER, want);
	otp_hmac_free(apart);
	failed = true;
	for (long n = 0; failed; n++)
	{
		OtpHmac    *hmac;
		int			match = 99;
		bool		got;
		bool		found;

		allowed = n;
		failed = false;
		hmac = keyed(algorithm);
		got = hmac && otp_hotp(hmac, 6, COUNTER, code);
		found = hmac && otp_hotp_search(hmac, 6, want, 6, counters, 3, &match);
		allowed = -1;
		if (got)
			clean &= strcmp(code, want) == 0;
		else
			clean &= failed && (!hmac || code[0] == '\0');
		if (found)
			clean &= match == 1;
		else
			clean &= failed && (!hmac || match == -1);
		refused += !got || !found;
		if (hmac)
			clean &= otp_hmac_key(hmac, key, sizeof(key)) && otp_hotp(hmac, 6, COUNTER, code) &&
				strcmp(code, want) == 0;
		otp_hmac_free(hmac);
		clean &= live_probes() == 0 && freed_unwiped == 0;
	}
	ok(refused > 0, "%s, %s: no code when memory runs out", method->name, name);
	ok(clean, "%s, %s: and no trace, and no harm to the next", method->name, name);
}

static void
test_sealing(void)
{
	uint8_t		good[8 + OTP_SEAL_OVERHEAD];
	uint8_t		out[8 + OTP_SEAL_OVERHEAD];
	int			refused[3] = {0};
	bool		clean = true;

	/* everything is fetched once beforehand: OpenSSL 3.0 may not get over a fetch cut short */
	ok(otp_seal(key, NULL, 0, key, 8, good) && otp_subkey(key, "use", out), "with memory");
	for (int what = 0; what < 3; what++)
	{
		failed = true;
		for (long n = 0; failed; n++)
		{
			bool		got;

			memset(out, 'x', sizeof(out));
			allowed = n;
			failed = false;
			got = what == 0 ? otp_seal(key, NULL, 0, key, 8, out) :
				what == 1 ? otp_open(key, NULL, 0, good, sizeof(good), out) == OTP_OPEN_OK :
				otp_subkey(key, "use", out);
			allowed = -1;
			refused[what] += !got;
			clean &= got || (failed && all_zero(out, what == 0 ? sizeof(out) : what == 1 ? 8 : 32));
		}
	}
	ok(refused[0] > 0 && refused[1] > 0 && refused[2] > 0, "without memory all are refused");
	ok(clean, "and nothing is left");
}

/* The schedule of an AES key begins with the key. */
static void
test_kept_key(void)
{
	static const uint8_t plain[8] = {1, 2, 3};
	uint8_t		out[8 + OTP_SEAL_OVERHEAD];
	OtpAead    *aead;
	int			refused = 0;
	bool		clean = true;

	probe_count = 0;
	add_digest_probes(OTP_SHA256, key);
	freed_unwiped = 0;
	aead = otp_aead_new(key);
	ok(live_probes() > 0, "the probes see a key that is kept");
	ok(otp_aead_seal(aead, NULL, 0, plain, 8, out), "sealed with it");
	otp_aead_free(aead);
	ok(live_probes() == 0 && freed_unwiped == 0, "freed, it is wiped");
	failed = true;
	for (long n = 0; failed; n++)
	{
		allowed = n;
		failed = false;
		aead = otp_aead_new(key);
		allowed = -1;
		refused += !aead;
		clean &= aead || failed;
		otp_aead_free(aead);
		clean &= live_probes() == 0 && freed_unwiped == 0;
	}
	ok(refused > 0 && clean, "nor is anything left without memory");
}

int
main(void)
{
	if (!CRYPTO_set_mem_functions(take, resize, give))
	{
		ok(false, "OpenSSL takes our memory functions");
		return done_testing();
	}
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t) (i * 29 + 3);
	for (size_t m = 0; m < METHOD_COUNT; m++)
	{
		method = &methods[m];
		for (int a = OTP_SHA1; a <= OTP_SHA512; a++)
		{
			set_probes((OtpAlgorithm) a, key, sizeof(key));
			test_hmac((OtpAlgorithm) a);
			test_hotp((OtpAlgorithm) a);
			test_work((OtpAlgorithm) a);
			test_no_memory((OtpAlgorithm) a);
		}
	}
	test_sealing();
	test_kept_key();
	return done_testing();
}
