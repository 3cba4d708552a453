/*
 * csv.h
 *		Records of comma-separated values (RFC 4180); see token_csv.h for the leeway.
 *
 * Plain C; no PostgreSQL.
 */
#ifndef OTP_CORE_CSV_H
#define OTP_CORE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#define CSV_FIELDS_MAX	64
#define CSV_RECORD_MAX	16384	/* bytes of a record */

/* No zero byte ends it; it lies in the record's memory. */
typedef struct CsvField
{
	const char *text;
	size_t		length;
} CsvField;

typedef struct CsvReader
{
	const char *text;
	size_t		length;
	size_t		at;
	size_t		line;			/* of `at`, from 1 */
	size_t		record_line;	/* where the record begins */
	const char *problem;		/* a phrase, once a record is malformed */
	int			count;
	CsvField	fields[CSV_FIELDS_MAX];
	size_t		used;
	char		buffer[CSV_RECORD_MAX];
} CsvReader;

extern void otp_records_begin(CsvReader *csv, const char *text, size_t length);

/*
 * The next record that is no comment and not blank.  false: there is none, or it is malformed,
 * and then `problem` is set.
 */
extern bool otp_records_next(CsvReader *csv);

/* Forgets the record. */
extern void otp_records_wipe(CsvReader *csv);

/* A field, or an empty one if the record has fewer. */
extern CsvField otp_records_field(const CsvReader *csv, int n);

#endif							/* OTP_CORE_CSV_H */
