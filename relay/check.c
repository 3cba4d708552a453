/*
 * check.c
 *		--check: is each channel well, without sending anything?
 *
 * By HTTP, the host is there and its certificate is right: whether a request is, only a message would
 * show. By SMTP, the server also lets us in.
 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "database.h"
#include "log.h"
#include "mask.h"
#include "transfer.h"

#define CHECK_LIMIT		15000

enum
{
	CHANNEL,
	TRANSPORT,
	URL,
	SENDER,
	USERNAME,
	PASSWORD,
	ALLOW_PLAINTEXT,
	CA_FILE,
	PROBLEM
};

static const char channels_sql[] =
	"SELECT channel, transport, url, sender, username, password, allow_plaintext::text, ca_file, problem"
	" FROM otp_channel_status() ORDER BY channel";

static const char *
value(const PGresult *result, int row, int column)
{
	return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

static size_t
ignore(char *data, size_t size, size_t n, void *arg)
{
	(void) data;
	(void) arg;
	return size * n;
}

static bool
is_smtp(const PGresult *result, int row)
{
	return strcmp(PQgetvalue(result, row, TRANSPORT), "smtp") == 0;
}

static void
prepare(CURL *easy, const PGresult *result, int row)
{
	const char *allow = value(result, row, ALLOW_PLAINTEXT);
	bool		smtp = is_smtp(result, row);

	secure_transfer(easy, &(Limits) {
		smtp, allow && strcmp(allow, "true") == 0, PQgetvalue(result, row, URL), value(result, row, CA_FILE), CHECK_LIMIT
	});
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
	if (!smtp)
	{
		curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
		return;
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "NOOP");
	if (value(result, row, USERNAME))
	{
		curl_easy_setopt(easy, CURLOPT_USERNAME, value(result, row, USERNAME));
		curl_easy_setopt(easy, CURLOPT_PASSWORD, PQgetvalue(result, row, PASSWORD));
	}
}

/* Returns what is wrong, in a buffer that the next call uses again, or NULL. */
static const char *
try(const PGresult *result, int row)
{
	static char number[40];
	CURL	   *easy;
	CURLcode	code;
	const char *words = NULL;

	if (!value(result, row, URL))
		return "no URL";
	easy = curl_easy_init();
	if (!easy)
		return "out of memory";
	prepare(easy, result, row);
	code = curl_easy_perform(easy);
	if (code != CURLE_OK)
	{
		words = verdict_of_code(easy, code);
		snprintf(number, sizeof(number), "libcurl %d", (int) code);
		words = words ? words : number;
	}
	curl_easy_cleanup(easy);
	return words;
}

static bool
check_channel(const PGresult *result, int row)
{
	const char *problem = value(result, row, PROBLEM);
	char		origin[MASK_SIZE];

	if (!problem)
		problem = try(result, row);
	mask_origin(PQgetvalue(result, row, URL), origin);
	printf("%s: %s (%s)\n", PQgetvalue(result, row, CHANNEL), problem ? problem : "ok", origin);
	return !problem;
}

static int
check_channels(PGresult *result)
{
	int			status = 0;

	for (int row = 0; row < PQntuples(result); row++)
	{
		if (!check_channel(result, row))
			status = 1;
	}
	database_wipe(result);
	return status;
}

static PGresult *
ask(PGconn *conn, const char *sql)
{
	PGresult   *result = PQexecParams(conn, sql, 0, NULL, NULL, NULL, NULL, 1);

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		return result;
	database_log_error("cannot read the channels", result);
	PQclear(result);
	return NULL;
}

static int
check_database(PGconn *conn)
{
	PGresult   *result = ask(conn, database_prepare_sql);
	int			status = 1;

	if (result && !database_is_prepared(result))
		log_line(LOG_ERROR, "the database does not have the extension otp", NULL);
	else if (result)
	{
		PQclear(result);
		result = ask(conn, channels_sql);
		status = result ? check_channels(result) : 1;
	}
	PQclear(result);
	return status;
}

int
check(const Options *options)
{
	PGconn	   *conn = database_connect(options, true);
	int			status = 1;

	if (PQstatus(conn) == CONNECTION_OK)
		status = check_database(conn);
	else
		log_line(LOG_ERROR, "no connection to the database", "message", PQerrorMessage(conn), NULL);
	PQfinish(conn);
	return status;
}
