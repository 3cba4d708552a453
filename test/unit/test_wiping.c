/*
 * test_wiping.c
 *		What is left of a key in OpenSSL's memory, and what happens when there is
 *		none to be had.
 *
 * All of OpenSSL's allocations go through here.  The probe is the state of the
 * digest past each pad of the key, computed apart: whoever has it can make codes.
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

#include "tap.h"

typedef struct Block
{
	struct Block *next;
	struct Block *previous;
	size_t		size;
	size_t		filler;			/* keeps what follows aligned to 16 */
} Block;

static Block live = {&live, &live, 0, 0};

static uint8_t probes[2][64];
static size_t probe_size;
static int	freed_unwiped;
static long taken;
static long allowed = -1;		/* allocations until one fails; -1: none fails */
static bool failed;

static bool
holds_probe(const uint8_t *bytes, size_t size)
{
	for (int p = 0; p < 2; p++)
	{
		for (size_t i = 0; probe_size > 0 && i + probe_size <= size; i++)
		{
			if (memcmp(bytes + i, probes[p], probe_size) == 0)
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
set_probes(OtpAlgorithm algorithm, const uint8_t *key, size_t length)
{
	for (int p = 0; p < 2; p++)
	{
		uint8_t		pad[128];

		memset(pad, p ? 0x5c : 0x36, sizeof(pad));
		for (size_t i = 0; i < length; i++)
			pad[i] ^= key[i];
		if (algorithm == OTP_SHA512)
		{
			SHA512_CTX	c;

			SHA512_Init(&c);
			SHA512_Update(&c, pad, 128);
			memcpy(probes[p], c.h, probe_size = sizeof(c.h));
		}
		else if (algorithm == OTP_SHA256)
		{
			SHA256_CTX	c;

			SHA256_Init(&c);
			SHA256_Update(&c, pad, 64);
			memcpy(probes[p], c.h, probe_size = sizeof(c.h));
		}
		else
		{
			SHA_CTX		c;

			SHA1_Init(&c);
			SHA1_Update(&c, pad, 64);
			memcpy(probes[p], &c.h0, probe_size = 20);
		}
	}
	freed_unwiped = 0;
}

static uint8_t key[48];

static void
test_hmac(OtpAlgorithm algorithm)
{
	const char *name = otp_algorithm_name(algorithm);
	OtpHmac    *hmac = otp_hmac_new(algorithm);
	uint8_t		digest[OTP_DIGEST_MAX];

	otp_hmac_key(hmac, key, sizeof(key));
	is_integer(live_probes(), 2, "the probes see a key that is set");
	otp_hmac_begin(hmac);
	is_integer(live_probes(), 3, "and a message begun");
	otp_hmac_wipe(hmac);
	ok(live_probes() == 0 && freed_unwiped == 0, "%s: wiped", name);

	otp_hmac_key(hmac, key, sizeof(key));
	otp_hmac_begin(hmac);
	otp_hmac_end(hmac, digest);
	otp_hmac_key(hmac, "another", 7);
	ok(live_probes() == 0 && freed_unwiped == 0, "%s: replaced by another key", name);

	otp_hmac_key(hmac, key, sizeof(key));
	otp_hmac_begin(hmac);
	otp_hmac_free(hmac);
	ok(live_probes() == 0 && freed_unwiped == 0, "%s: freed", name);
}

static void
test_hotp(OtpAlgorithm algorithm)
{
	static const uint64_t counters[] = {1, 2, 3};
	OtpSecret	secret = {algorithm, 6, 30, sizeof(key), key};
	const char *name = otp_algorithm_name(algorithm);
	char		code[OTP_DIGITS_MAX + 1];
	int			match;

	ok(otp_hotp(&secret, 2, code), "%s: a code", name);
	ok(live_probes() == 0 && freed_unwiped == 0, "%s: leaves nothing behind", name);
	ok(otp_hotp_search(&secret, code, 6, counters, 3, &match) && match == 1, "%s: found", name);
	ok(live_probes() == 0 && freed_unwiped == 0, "%s: leaves nothing behind", name);
}

/* OpenSSL 3.0 to 3.4 allocate for each code: a count of the work that a search does. */
static long
work_of(const OtpSecret *secret, const char *guess, size_t length)
{
	static const uint64_t counters[] = {1, 2, 3, 4, 5};
	long		before = taken;
	int			match;

	otp_hotp_search(secret, guess, length, counters, 5, &match);
	return taken - before;
}

static void
test_work(OtpAlgorithm algorithm)
{
	OtpSecret	secret = {algorithm, 6, 30, sizeof(key), key};
	char		first[OTP_DIGITS_MAX + 1];
	char		last[OTP_DIGITS_MAX + 1];
	long		work = work_of(&secret, "", 0);

	otp_hotp(&secret, 1, first);
	otp_hotp(&secret, 5, last);
	ok(work_of(&secret, first, 6) == work && work_of(&secret, last, 6) == work &&
	   work_of(&secret, "000000", 6) == work && work_of(&secret, last, 5) == work,
	   "%s: as much work wherever the match is", otp_algorithm_name(algorithm));
}

/* Fails the first allocation, then the second, until all of them are granted. */
static void
test_no_memory(OtpAlgorithm algorithm, bool search)
{
	static const uint64_t counters[] = {1, 2, 3};
	OtpSecret	secret = {algorithm, 6, 30, sizeof(key), key};
	char		code[OTP_DIGITS_MAX + 1];
	char		want[OTP_DIGITS_MAX + 1];
	bool		clean = true;
	int			refused = 0;

	otp_hotp(&secret, 3, want);
	failed = true;
	for (long n = 0; failed; n++)
	{
		int			match = 99;
		bool		got;

		allowed = n;
		failed = false;
		got = search ? otp_hotp_search(&secret, want, 6, counters, 3, &match) :
			otp_hotp(&secret, 3, code);
		allowed = -1;
		if (got)
			clean &= search ? match == 2 : strcmp(code, want) == 0;
		else
			clean &= failed && (search ? match == -1 : code[0] == '\0');
		refused += !got;
		clean &= live_probes() == 0 && freed_unwiped == 0;
		clean &= otp_hotp(&secret, 3, code) && strcmp(code, want) == 0;
	}
	ok(refused > 0, "%s: no code when memory runs out", otp_algorithm_name(algorithm));
	ok(clean, "%s: and no trace, and no harm to the next", otp_algorithm_name(algorithm));
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
	for (int a = OTP_SHA1; a <= OTP_SHA512; a++)
	{
		set_probes((OtpAlgorithm) a, key, sizeof(key));
		test_hmac((OtpAlgorithm) a);
		test_hotp((OtpAlgorithm) a);
		test_work((OtpAlgorithm) a);
		test_no_memory((OtpAlgorithm) a, false);
		test_no_memory((OtpAlgorithm) a, true);
	}
	test_sealing();
	return done_testing();
}
