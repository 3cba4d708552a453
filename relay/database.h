/*
 * database.h
 *		The connection to the database: made, kept, made again; one question at a time, and nobody waits.
 */
#ifndef OTP_RELAY_DATABASE_H
#define OTP_RELAY_DATABASE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "options.h"

/* The result of a question; NULL: the connection was lost, and nobody knows what became of it. */
typedef void (*Reply) (const PGresult *result);

extern PGconn *database_connect(const Options *options, bool at_once);
extern bool database_conninfo_is_good(const char *dbname);
extern bool database_conninfo_has_password(const char *dbname);
extern const char *const database_prepare_sql;
extern bool database_is_prepared(const PGresult *result);
extern void database_log_error(const char *event, const PGresult *result);
extern size_t database_wipe(const PGresult *result);

extern void database_open(const Options *options);
extern void database_close(void);
extern bool database_is_free(void);
extern bool database_is_new(void);
extern bool database_was_notified(void);
extern bool database_has_failed(void);
extern bool database_is_hopeless(void);
extern void database_ask(const char *sql, int n, const char *const *values, Reply reply);
extern void database_ready(void);

/* Does what is due; and when it is to be called next. */
extern void database_step(void);
extern int64_t database_until(void);

#endif							/* OTP_RELAY_DATABASE_H */
