/*
 * log.h
 *		Lines of the log, on stderr.
 */
#ifndef OTP_RELAY_LOG_H
#define OTP_RELAY_LOG_H

#include <stdbool.h>

#include "text.h"

typedef enum LogLevel
{
	LOG_INFO,
	LOG_WARNING,
	LOG_ERROR
} LogLevel;

extern void log_as_json(bool json);

/* Then names and values by turns, and NULL; what has the value NULL is left out. */
extern void log_line(LogLevel level, const char *event, ...) __attribute__((sentinel));

extern void log_put_text(Text *line, const char *value);
extern void log_put_json(Text *line, const char *value);

#endif							/* OTP_RELAY_LOG_H */
