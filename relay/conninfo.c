/*
 * conninfo.c
 *		How to connect to the database, and what to say first.
 */
#include "database.h"

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "wipe.h"

/* what the server sends before each value, before each row, and around them all, at most */
#define OF_VALUE		4
#define OF_ROW			7
#define OF_RESULT		4096

/*
 * The functions are looked for in the extension's schema and nowhere else. What roles and databases may have
 * for defaults does not suit a program that takes and settles. Nobody's transaction that has a row keeps it from all others.
 */
const char *const database_prepare_sql =
	"SELECT pg_catalog.set_config('search_path', pg_catalog.quote_ident(n.nspname) || ', pg_temp', false),"
	" pg_catalog.set_config('statement_timeout', '30s', false),"
	" pg_catalog.set_config('lock_timeout', '1s', false),"
	" pg_catalog.set_config('default_transaction_isolation', 'read committed', false),"
	" pg_catalog.set_config('default_transaction_read_only', 'off', false)"
	" FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace"
	" WHERE e.extname OPERATOR(pg_catalog.=) 'otp'";

bool
database_is_prepared(const PGresult *result)
{
	return PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;
}

/* A connection that hangs is found out; what the user says of these comes later, and counts. */
PGconn *
database_connect(const Options *options, bool at_once)
{
	const char *const names[] = {
		"fallback_application_name", "client_encoding", "connect_timeout", "keepalives_idle",
		"keepalives_interval", "keepalives_count", "tcp_user_timeout", "dbname", NULL
	};
	const char *const values[] = {
		"otp-relay", "UTF8", "10", "30", "10", "3", "60000", options->dbname, NULL
	};

	return at_once ? PQconnectdbParams(names, values, 1) : PQconnectStartParams(names, values, 1);
}

/* As libpq tells a connection string from the name of a database. */
static bool
is_conninfo(const char *dbname)
{
	return dbname && (strchr(dbname, '=') || strncmp(dbname, "postgresql://", 13) == 0 ||
					  strncmp(dbname, "postgres://", 11) == 0);
}

/* libpq says what is wrong with one by quoting from it, which may be the password. */
bool
database_conninfo_is_good(const char *dbname)
{
	PQconninfoOption *options;

	if (!is_conninfo(dbname))
		return true;
	options = PQconninfoParse(dbname, NULL);
	PQconninfoFree(options);
	return options != NULL;
}

bool
database_conninfo_has_password(const char *dbname)
{
	PQconninfoOption *options;
	bool		found = false;

	if (!is_conninfo(dbname))
		return false;
	options = PQconninfoParse(dbname, NULL);
	for (PQconninfoOption *o = options; o && o->keyword; o++)
	{
		if (o->val && (strcmp(o->keyword, "password") == 0 || strcmp(o->keyword, "sslpassword") == 0))
			found = true;
	}
	PQconninfoFree(options);
	return found;
}

/* Neither detail nor context nor statement: they may quote values. */
void
database_log_error(const char *event, const PGresult *result)
{
	log_line(LOG_ERROR, event, "sqlstate", PQresultErrorField(result, PG_DIAG_SQLSTATE),
			 "message", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY), NULL);
}

/* Returns how much of libpq's buffer of what came from the server they may have filled: that is out of reach. */
size_t
database_wipe(const PGresult *result)
{
	size_t		size = OF_RESULT;

	for (int row = 0; row < PQntuples(result); row++)
	{
		size += OF_ROW;
		for (int column = 0; column < PQnfields(result); column++)
		{
			if (!PQgetisnull(result, row, column))
				wipe(PQgetvalue(result, row, column), (size_t) PQgetlength(result, row, column));
			size += OF_VALUE + (size_t) PQgetlength(result, row, column);
		}
	}
	return size;
}
