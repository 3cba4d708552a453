/*
 * template.c
 *		Checks and renders templates.
 */
#include "template.h"

#include <string.h>

#include "template_context.h"

typedef enum PieceKind
{
	PIECE_END,
	PIECE_TEXT,
	PIECE_PLACEHOLDER
} PieceKind;

typedef struct Piece
{
	PieceKind	kind;
	const char *data;			/* the text, or the placeholder's name */
	size_t		length;
} Piece;

typedef struct Reader
{
	const char *body;
	size_t		length;
	size_t		at;
	TemplateContext context;
} Reader;

static void
begin(Reader *reader, const char *body, size_t length, OtpTemplateFormat format)
{
	reader->body = body;
	reader->length = length;
	reader->at = 0;
	otp_template_begin(&reader->context, format);
}

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

/* The length of a placeholder's name, or 0 if that is none. */
static size_t
name_length(const char *text, size_t length)
{
	bool		second = false;
	bool		first_of_part = true;

	for (size_t i = 0; i < length; i++)
	{
		char		c = text[i];

		if (first_of_part ? is_lower(c) :
			is_lower(c) || c == '_' || (second && c >= '0' && c <= '9'))
			first_of_part = false;
		else if (c == '.' && !first_of_part && !second)
			second = first_of_part = true;
		else
			return c == '}' && !first_of_part ? i : 0;
	}
	return 0;
}

/* One brace of two, or a placeholder. */
static OtpTemplateError
read_brace(Reader *reader, Piece *piece)
{
	const char *brace = reader->body + reader->at;
	size_t		left = reader->length - reader->at;
	OtpTemplateError error;

	if (left > 1 && brace[1] == brace[0])
	{
		*piece = (Piece) {PIECE_TEXT, brace, 1};
		error = otp_template_pass(&reader->context, *brace);
		if (error == OTP_TEMPLATE_OK)
			reader->at += 2;
		return error;
	}
	*piece = (Piece) {PIECE_PLACEHOLDER, brace + 1, 0};
	if (*brace == '{')
		piece->length = name_length(brace + 1, left - 1);
	if (piece->length == 0)
		return OTP_TEMPLATE_SYNTAX;
	error = otp_template_pass_placeholder(&reader->context);
	if (error == OTP_TEMPLATE_OK)
		reader->at += piece->length + 2;
	return error;
}

static bool
at_brace(const Reader *reader)
{
	char		c = reader->body[reader->at];

	return (c == '{' || c == '}') && otp_template_braces(&reader->context);
}

/* After an error the reader stands where the fault is. */
static OtpTemplateError
next_piece(Reader *reader, Piece *piece)
{
	size_t		start = reader->at;
	OtpTemplateError error = OTP_TEMPLATE_OK;

	if (start == reader->length)
	{
		*piece = (Piece) {PIECE_END, NULL, 0};
		return otp_template_end(&reader->context);
	}
	if (at_brace(reader))
		return read_brace(reader, piece);
	while (reader->at < reader->length && !at_brace(reader))
	{
		error = otp_template_pass(&reader->context, reader->body[reader->at]);
		if (error != OTP_TEMPLATE_OK)
			break;
		reader->at++;
	}
	*piece = (Piece) {PIECE_TEXT, reader->body + start, reader->at - start};
	return error;
}

OtpTemplateError
otp_template_check(const char *body, size_t length, OtpTemplateFormat format,
				   OtpTemplateKnown known, void *arg, size_t *position)
{
	Reader		reader;
	Piece		piece;
	OtpTemplateError error;

	begin(&reader, body, length, format);
	do
	{
		*position = reader.at;
		error = next_piece(&reader, &piece);
		if (error != OTP_TEMPLATE_OK)
		{
			*position = reader.at;
			return error;
		}
		if (piece.kind == PIECE_PLACEHOLDER && !known(arg, piece.data, piece.length))
			return OTP_TEMPLATE_UNKNOWN;
	} while (piece.kind != PIECE_END);
	return OTP_TEMPLATE_OK;
}

/* Has a line a placeholder without a value? */
static bool
lacks_value(const char *line, size_t length, OtpTemplateLookup lookup, void *arg)
{
	Reader		reader;
	Piece		piece;

	begin(&reader, line, length, OTP_FORMAT_PLAIN);
	while (next_piece(&reader, &piece) == OTP_TEMPLATE_OK && piece.kind != PIECE_END)
	{
		OtpTemplateValue value;

		if (piece.kind != PIECE_PLACEHOLDER)
			continue;
		value = lookup(arg, piece.data, piece.length);
		if (value.data == NULL || value.length == 0)
			return true;
	}
	return false;
}

static void
render_whole(const char *body, size_t length, OtpTemplateFormat format, OtpTemplateLookup lookup,
			 void *arg, OtpTemplateSink sink, void *sink_arg)
{
	Reader		reader;
	Piece		piece;

	begin(&reader, body, length, format);
	while (next_piece(&reader, &piece) == OTP_TEMPLATE_OK && piece.kind != PIECE_END)
	{
		OtpTemplateValue value;

		if (piece.kind == PIECE_TEXT)
		{
			sink(sink_arg, piece.data, piece.length);
			continue;
		}
		value = lookup(arg, piece.data, piece.length);
		if (value.data != NULL)
			otp_template_escape(format, value, sink, sink_arg);
	}
}

/* Line ends go between the lines that stay, so that none is left over at the end. */
static void
render_lines(const char *body, size_t length, OtpTemplateLookup lookup, void *arg,
			 OtpTemplateSink sink, void *sink_arg)
{
	bool		first = true;

	for (;;)
	{
		const char *end = length > 0 ? memchr(body, '\n', length) : NULL;
		size_t		line = end ? (size_t) (end - body) : length;

		if (!lacks_value(body, line, lookup, arg))
		{
			if (!first)
				sink(sink_arg, "\n", 1);
			first = false;
			render_whole(body, line, OTP_FORMAT_PLAIN, lookup, arg, sink, sink_arg);
		}
		if (end == NULL)
			return;
		body += line + 1;
		length -= line + 1;
	}
}

void
otp_template_render(const char *body, size_t length, OtpTemplateFormat format,
					OtpTemplateLookup lookup, void *arg, OtpTemplateSink sink, void *sink_arg)
{
	if (format == OTP_FORMAT_PLAIN)
		render_lines(body, length, lookup, arg, sink, sink_arg);
	else
		render_whole(body, length, format, lookup, arg, sink, sink_arg);
}

bool
otp_template_has(const char *body, size_t length, OtpTemplateFormat format, const char *name)
{
	Reader		reader;
	Piece		piece;

	begin(&reader, body, length, format);
	while (next_piece(&reader, &piece) == OTP_TEMPLATE_OK && piece.kind != PIECE_END)
	{
		if (piece.kind == PIECE_PLACEHOLDER && piece.length == strlen(name) &&
			memcmp(piece.data, name, piece.length) == 0)
			return true;
	}
	return false;
}
