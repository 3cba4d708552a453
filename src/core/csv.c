/*
 * csv.c
 *		Records of comma-separated values.
 */
#include "csv.h"

#include <string.h>

#include "secure.h"
#include "token.h"

void
otp_records_begin(CsvReader *csv, const char *text, size_t length)
{
	csv->text = text;
	csv->length = length;
	csv->at = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	csv->line = 1;
	csv->problem = NULL;
	csv->count = 0;
	csv->used = 0;
}

void
otp_records_wipe(CsvReader *csv)
{
	otp_wipe(csv->buffer, csv->used);
	csv->used = 0;
	csv->count = 0;
}

CsvField
otp_records_field(const CsvReader *csv, int n)
{
	if (n < 0 || n >= csv->count)
		return (CsvField) {"", 0};
	return csv->fields[n];
}

static bool
fail(CsvReader *csv, const char *problem)
{
	csv->problem = problem;
	return false;
}

/* The next byte, or -1 at the end. */
static int
peek(const CsvReader *csv)
{
	return csv->at < csv->length ? (unsigned char) csv->text[csv->at] : -1;
}

static bool
is_line_end(int c)
{
	return c == '\n' || c == '\r';
}

/* Passes over one line end of any kind, if there is one. */
static void
pass_line_end(CsvReader *csv)
{
	if (!is_line_end(peek(csv)))
		return;
	if (csv->text[csv->at++] == '\r' && peek(csv) == '\n')
		csv->at++;
	csv->line++;
}

static void
pass_blanks(CsvReader *csv)
{
	while (peek(csv) == ' ' || peek(csv) == '\t')
		csv->at++;
}

static bool
put(CsvReader *csv, char c)
{
	if (csv->used == CSV_RECORD_MAX)
		return fail(csv, "the line is too long");
	csv->buffer[csv->used++] = c;
	return true;
}

/* A line end within the quotes is kept as it is. */
static bool
read_quoted(CsvReader *csv)
{
	csv->at++;
	for (;;)
	{
		int			c = peek(csv);

		if (c < 0)
			return fail(csv, "a quoted field does not end");
		if (is_line_end(c))
		{
			size_t		start = csv->at;

			pass_line_end(csv);
			for (size_t i = start; i < csv->at; i++)
			{
				if (!put(csv, csv->text[i]))
					return false;
			}
			continue;
		}
		csv->at++;
		if (c == '"' && peek(csv) != '"')
			break;
		if (c == '"')
			csv->at++;
		if (!put(csv, (char) c))
			return false;
	}
	pass_blanks(csv);
	return true;
}

static bool
read_bare(CsvReader *csv)
{
	int			c;

	while ((c = peek(csv)) >= 0 && c != ',' && !is_line_end(c))
	{
		if (c == '"')
			return fail(csv, "a quotation mark stands in a field that is not quoted");
		if (!put(csv, (char) c))
			return false;
		csv->at++;
	}
	return true;
}

static bool
read_field(CsvReader *csv)
{
	size_t		start = csv->used;
	CsvField	field;
	int			c;

	if (csv->count == CSV_FIELDS_MAX)
		return fail(csv, "the line has too many fields");
	pass_blanks(csv);
	if (!(peek(csv) == '"' ? read_quoted(csv) : read_bare(csv)))
		return false;
	c = peek(csv);
	if (c >= 0 && c != ',' && !is_line_end(c))
		return fail(csv, "something follows a quoted field");
	field = (CsvField) {csv->buffer + start, csv->used - start};
	otp_token_trim(&field.text, &field.length);
	csv->fields[csv->count++] = field;
	return true;
}

/* Passes over what is no record: blank lines and comments. */
static void
pass_lines(CsvReader *csv)
{
	for (;;)
	{
		pass_blanks(csv);
		if (peek(csv) == '#')
		{
			while (peek(csv) >= 0 && !is_line_end(peek(csv)))
				csv->at++;
		}
		if (!is_line_end(peek(csv)))
			return;
		pass_line_end(csv);
	}
}

bool
otp_records_next(CsvReader *csv)
{
	otp_records_wipe(csv);
	if (csv->problem)
		return false;
	pass_lines(csv);
	csv->record_line = csv->line;
	if (peek(csv) < 0)
		return false;
	while (read_field(csv))
	{
		if (peek(csv) != ',')
		{
			pass_line_end(csv);
			return true;
		}
		csv->at++;
	}
	return false;
}
