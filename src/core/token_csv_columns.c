/*
 * token_csv_columns.c
 *		The columns of OATH CSV, by their places or by their names.
 */
#include "token_csv_reader.h"

#include <string.h>

/* Names in lower case, without spaces, hyphens and underscores. */
static const struct
{
	const char *name;
	OtpCsvColumn column;
}			names[] = {
	{"serial", CSV_SERIAL}, {"serialnumber", CSV_SERIAL}, {"serialno", CSV_SERIAL},
	{"secret", CSV_SECRET}, {"secretkey", CSV_SECRET}, {"sharedsecret", CSV_SECRET},
	{"seed", CSV_SECRET}, {"key", CSV_SECRET}, {"otpkey", CSV_SECRET},
	{"kind", CSV_KIND}, {"type", CSV_KIND}, {"tokentype", CSV_KIND},
	{"digits", CSV_DIGITS}, {"otplen", CSV_DIGITS}, {"otplength", CSV_DIGITS},
	{"period", CSV_PERIOD}, {"timestep", CSV_PERIOD}, {"timeinterval", CSV_PERIOD},
	{"interval", CSV_PERIOD},
	{"counter", CSV_COUNTER},
	{"movingfactor", CSV_MOVING_FACTOR}, {"periodorcounter", CSV_MOVING_FACTOR},
	{"algorithm", CSV_ALGORITHM}, {"hash", CSV_ALGORITHM}, {"hashlib", CSV_ALGORITHM},
	{"user", CSV_USER}, {"userid", CSV_USER}, {"username", CSV_USER}, {"upn", CSV_USER},
	{"issuer", CSV_ISSUER},
	{"manufacturer", CSV_MANUFACTURER},
	{"drift", CSV_DRIFT}, {"timedrift", CSV_DRIFT},
};

/* The columns of a file without a header. */
static const OtpCsvColumn places[] = {
	CSV_SERIAL, CSV_SECRET, CSV_KIND, CSV_DIGITS, CSV_MOVING_FACTOR, CSV_ALGORITHM, CSV_USER,
};

#define PLACE_COUNT ((int) (sizeof(places) / sizeof(places[0])))

/* CSV_COLUMN_COUNT if the name is none that we know. */
static OtpCsvColumn
column_of(CsvField field)
{
	char		name[24];
	size_t		n = 0;

	for (size_t i = 0; i < field.length; i++)
	{
		char		c = field.text[i];

		if (c == ' ' || c == '-' || c == '_')
			continue;
		if (n == sizeof(name))
			return CSV_COLUMN_COUNT;
		name[n++] = c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		if (n == strlen(names[i].name) && memcmp(name, names[i].name, n) == 0)
			return names[i].column;
	}
	return CSV_COLUMN_COUNT;
}

static bool
is_header(const CsvReader *csv)
{
	for (int i = 0; i < csv->count; i++)
	{
		if (column_of(csv->fields[i]) == CSV_SECRET)
			return true;
	}
	return false;
}

const char *
otp_csv_columns(OtpCsv *csv)
{
	const CsvReader *record = &csv->csv;

	for (int i = 0; i < CSV_COLUMN_COUNT; i++)
		csv->columns[i] = -1;
	csv->has_header = is_header(record);
	if (!csv->has_header)
	{
		for (int i = 0; i < PLACE_COUNT; i++)
			csv->columns[places[i]] = i;
		csv->column_count = PLACE_COUNT;
		return NULL;
	}
	csv->column_count = record->count;
	for (int i = 0; i < record->count; i++)
	{
		OtpCsvColumn column = column_of(record->fields[i]);

		if (column == CSV_COLUMN_COUNT)
			continue;
		if (csv->columns[column] >= 0)
			return "two columns have the same meaning";
		csv->columns[column] = i;
	}
	return NULL;
}
