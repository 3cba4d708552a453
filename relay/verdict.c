/*
 * verdict.c
 *		What came of a transfer.
 *
 * Errors are told in words of our own: libcurl's may have a host, an address or a part of an answer in them.
 *
 * What goes wrong on the way is tried again, and with it a login that is refused and a certificate
 * that does not match: somebody can mend these while the message lives.
 */
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "transfer.h"

static const struct
{
	CURLcode	code;
	const char *words;
}			known[] = {
	{CURLE_UNSUPPORTED_PROTOCOL, "scheme not allowed"},
	{CURLE_URL_MALFORMAT, "bad URL"},
	{CURLE_COULDNT_RESOLVE_PROXY, "proxy not found"},
	{CURLE_COULDNT_RESOLVE_HOST, "host not found"},
	{CURLE_COULDNT_CONNECT, "cannot connect"},
	{CURLE_WEIRD_SERVER_REPLY, "strange answer"},
	{CURLE_REMOTE_ACCESS_DENIED, "access refused"},
	{CURLE_PARTIAL_FILE, "answer broke off"},
	{CURLE_OPERATION_TIMEDOUT, "timeout"},
	{CURLE_SSL_CONNECT_ERROR, "TLS failed"},
	{CURLE_GOT_NOTHING, "no answer"},
	{CURLE_SEND_ERROR, "sending broke off"},
	{CURLE_RECV_ERROR, "connection broke off"},
	{CURLE_SSL_CERTPROBLEM, "bad client certificate"},
	{CURLE_SSL_CIPHER, "no common cipher"},
	{CURLE_USE_SSL_FAILED, "no STARTTLS"},
	{CURLE_LOGIN_DENIED, "login refused"},
	{CURLE_SSL_CACERT_BADFILE, "file of authorities cannot be read"},
	{CURLE_HTTP2, "HTTP/2 failed"},
	{CURLE_HTTP2_STREAM, "HTTP/2 failed"},
};

static const char *
words_of_certificate(CURL *easy)
{
	long		result = X509_V_OK;

	curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &result);
	/* libcurl has let the handshake pass, and then looked at the name: before that the result is not set */
	if (result == X509_V_OK || result == X509_V_ERR_UNSPECIFIED)
		return "certificate is not the host's";
	if (result == X509_V_ERR_CERT_HAS_EXPIRED)
		return "certificate has expired";
	return "certificate is not trusted";
}

const char *
verdict_of_code(CURL *easy, CURLcode code)
{
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return words_of_certificate(easy);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
	{
		if (known[i].code == code)
			return known[i].words;
	}
	return NULL;
}

static void
judge_failure(CURL *easy, CURLcode code, Outcome *outcome)
{
	const char *words = verdict_of_code(easy, code);

	*outcome = (Outcome) {.kind = OUTCOME_RETRY};
	if (words)
		snprintf(outcome->error, ERROR_SIZE, "%s", words);
	else
		snprintf(outcome->error, ERROR_SIZE, "transfer failed: libcurl %d", (int) code);
}

/*
 * The answer to the last command. 530, 534, 535 and 538 speak of the login, not of the message; they
 * come in reply to MAIL, too.
 */
static void
judge_smtp(CURL *easy, CURLcode code, Outcome *outcome)
{
	long		status = 0;
	bool		refused = code == CURLE_SEND_ERROR || code == CURLE_WEIRD_SERVER_REPLY;

	*outcome = (Outcome) {.kind = OUTCOME_DELIVERED};
	if (code == CURLE_OK)
		return;
	judge_failure(easy, code, outcome);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (!refused || status < 400 || status > 599)
		return;
	snprintf(outcome->error, ERROR_SIZE, "SMTP %ld", status);
	if (status == 530 || status == 534 || status == 535 || status == 538)
		snprintf(outcome->error, ERROR_SIZE, "login refused: SMTP %ld", status);
	else if (status >= 500)
		outcome->kind = OUTCOME_FAILED;
}

static const char *
header_of(CURL *easy, const char *name)
{
	struct curl_header *header;

	if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return NULL;
	return header->value;
}

static void
judge_http(const Transfer *transfer, Outcome *outcome)
{
	const char *const *field = transfer->message->field;
	const AnswerRules rules = {
		field[FIELD_ACCEPT_STATUS], field[FIELD_RETRY_STATUS], field[FIELD_ACCEPT_PATH],
		field[FIELD_ACCEPT_VALUES], field[FIELD_RETRY_PATH], field[FIELD_RETRY_VALUES], field[FIELD_ID_PATH]
	};
	Answer		answer = {
		.body = transfer->answer.data ? transfer->answer.data : "",
		.length = transfer->answer.length,
		.whole = !transfer->too_long
	};
	curl_off_t	retry_after = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &answer.status);
	curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after);
	answer.retry_after = retry_after;
	if (rules.id_path && strncmp(rules.id_path, HEADER_ID, strlen(HEADER_ID)) == 0)
		answer.header_id = header_of(transfer->easy, rules.id_path + strlen(HEADER_ID));
	answer_judge(&rules, &answer, outcome);
}

/*
 * An answer of which a part is missing is no answer: what is sent again has the same idempotency key. One that
 * we have cut off ourselves has been given.
 */
void
verdict_of_transfer(const Transfer *transfer, CURLcode code, Outcome *outcome)
{
	if (transfer->message->is_smtp)
		judge_smtp(transfer->easy, code, outcome);
	else if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && transfer->too_long))
		judge_http(transfer, outcome);
	else
		judge_failure(transfer->easy, code, outcome);
}
