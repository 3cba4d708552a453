/*
 * secure.c
 *		What a transfer may not do, and how long it may take: the same for sending and for --check.
 */
#include <openssl/x509.h>
#include <strings.h>

#include "transfer.h"

#define CONNECT_LIMIT	10000

static void
restrict_protocols(CURL *easy, const Limits *limits)
{
	/* without STARTTLS that has succeeded nothing is sent by smtp://, unless plain text is allowed */
	curl_easy_setopt(easy, CURLOPT_USE_SSL,
					 (long) (limits->allow_plaintext ? CURLUSESSL_TRY : CURLUSESSL_ALL));
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR,
					 limits->is_smtp ? "smtp,smtps" : limits->allow_plaintext ? "http,https" : "https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
}

/*
 * A channel's own authorities come beside the system's, which then are looked up in the system's
 * directory of them. Without it libcurl parses the system's file of them once, and not for every
 * connection.
 */
static void
choose_authorities(CURL *easy, const char *ca_file)
{
	const curl_version_info_data *built = curl_version_info(CURLVERSION_NOW);

	if (!ca_file)
	{
		if (built->cainfo)
			curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
		return;
	}
	curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
	curl_easy_setopt(easy, CURLOPT_CAPATH, built->capath ? built->capath : X509_get_default_cert_dir());
}

static bool
begins_with_tls(const char *url)
{
	return strncasecmp(url, "https:", 6) == 0 || strncasecmp(url, "smtps:", 6) == 0;
}

void
secure_transfer(CURL *easy, const Limits *limits)
{
	restrict_protocols(easy, limits);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	choose_authorities(easy, limits->ca_file);
	curl_easy_setopt(easy, CURLOPT_URL, limits->url);
	/* a proxy of the environment's would see all that goes without TLS */
	if (limits->allow_plaintext && !begins_with_tls(limits->url))
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
#if LIBCURL_VERSION_NUM >= 0x075700
	/* else whoever gives up a name that is not found yet waits for the resolver, and all others with it */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	curl_easy_setopt(easy, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long) limits->limit_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
					 (long) (limits->limit_ms < CONNECT_LIMIT ? limits->limit_ms : CONNECT_LIMIT));
}
