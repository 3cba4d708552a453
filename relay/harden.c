/*
 * harden.c
 *		Keeps what is in memory there.
 */
#include "harden.h"

#include <curl/curl.h>
#include <jansson.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "wipe.h"

#if defined(__SANITIZE_ADDRESS__) && !defined(LOOKED_INTO)
#define LOOKED_INTO
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(LOOKED_INTO)
#define LOOKED_INTO
#endif
#endif

static void *
openssl_malloc(size_t size, const char *file, int line)
{
	(void) file;
	(void) line;
	return wiping_malloc(size);
}

static void *
openssl_realloc(void *memory, size_t size, const char *file, int line)
{
	(void) file;
	(void) line;
	return wiping_realloc(memory, size);
}

static void
openssl_free(void *memory, const char *file, int line)
{
	(void) file;
	(void) line;
	wiping_free(memory);
}

/* No core dump, and no other process of the same user that reads this one. */
static void
forbid_dumps(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit) {0, 0});
	/* LeakSanitizer reads the process from outside, and so does a test */
#ifndef LOOKED_INTO
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/* Before anything else has asked the libraries for memory. */
void
harden(void)
{
	forbid_dumps();
	signal(SIGPIPE, SIG_IGN);
	/* libcurl would write the keys of its sessions there, for whoever has recorded them */
	unsetenv("SSLKEYLOGFILE");
	json_set_alloc_funcs(wiping_malloc, wiping_free);
#ifdef M_PERTURB
	/* libpq's memory is none of ours; the C library can overwrite what it gets back, but for the small pieces */
	mallopt(M_PERTURB, 0xff);
#endif
	if (!CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) ||
		curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiping_malloc, wiping_free, wiping_realloc,
							 wiping_strdup, wiping_calloc) != CURLE_OK)
		abort();
}
