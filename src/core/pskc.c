/*
 * pskc.c
 *		Reading a PSKC container by libxml2's push parser.
 *
 * The parser builds no tree and keeps nothing, so memory is bounded whatever the size of the
 * file.  It is given the text up to the next '>', again and again: no such piece holds the ends
 * of two elements, so there is at most one token at a time, and the line is known exactly.
 */
#include "pskc_reader.h"

#include <stdlib.h>
#include <string.h>

#include "secure.h"

/* pieces, each up to a ">", that may come between two tags */
#define SILENT_MAX	1000

#define PIECE_MAX	65536		/* bytes given to the parser at once */

#define SELF(user_data) OtpPskc *p = (user_data)

void
otp_pskc_fail_at(OtpPskc *p, const char *message, const char *name, size_t length)
{
	if (p->failed)
		return;
	p->failed = true;
	p->error.message = message;
	p->error.line = p->line;
	otp_token_name(&p->error, name, length);
	xmlStopParser(p->parser);
}

void
otp_pskc_fail(OtpPskc *p, const char *message)
{
	otp_pskc_fail_at(p, message, "", 0);
}

const char *
otp_pskc_attribute(const PskcAttributes *attributes, const char *name, size_t *length)
{
	for (int i = 0; i < attributes->count; i++)
	{
		const xmlChar **attribute = attributes->list + 5 * i;

		if (attribute[2] == NULL && strcmp((const char *) attribute[0], name) == 0)
		{
			*length = (size_t) (attribute[4] - attribute[3]);
			return (const char *) attribute[3];
		}
	}
	return NULL;
}

static void
push(OtpPskc *p, const PskcPlace *place, const char *name)
{
	PskcFrame  *parent = &p->stack[p->depth];
	uint64_t	bit = UINT64_C(1) << place->element;

	if (place->once && (parent->seen & bit))
	{
		otp_pskc_fail_at(p, "an element is given twice", name, strlen(name));
		return;
	}
	parent->seen |= bit;
	p->depth++;
	p->stack[p->depth] = (PskcFrame) {.element = place->element, .text = place->text};
	p->content_length = 0;
}

static void
start_element(void *user_data, const xmlChar *local, const xmlChar *prefix, const xmlChar *ns,
			  int namespace_count, const xmlChar **namespaces, int count, int defaulted,
			  const xmlChar **list)
{
	SELF(user_data);
	const char *name = (const char *) local;
	PskcAttributes attributes = {list, count};
	const PskcPlace *place;

	p->silent = 0;

	(void) prefix;
	(void) namespace_count;
	(void) namespaces;
	(void) defaulted;
	if (p->failed)
		return;
	if (p->depth == PSKC_DEPTH_MAX - 1)
	{
		otp_pskc_fail(p, "elements are nested too deeply");
		return;
	}
	place = otp_pskc_place(p->stack[p->depth].element, ns ? (const char *) ns : "", name);
	if (!place || p->stack[p->depth].text)
	{
		otp_pskc_fail_at(p, p->depth == 0 ? "the root is not a KeyContainer of RFC 6030"
					 : "an element is not supported where it stands", name, strlen(name));
		return;
	}
	push(p, place, name);
	if (!p->failed)
		otp_pskc_begin(p, place->element, &attributes);
}

static void
end_element(void *user_data, const xmlChar *local, const xmlChar *prefix, const xmlChar *ns)
{
	SELF(user_data);

	(void) local;
	(void) prefix;
	(void) ns;
	p->silent = 0;
	if (p->failed || p->depth == 0)
		return;
	p->depth--;
	otp_pskc_end(p, p->stack[p->depth + 1].element, p->stack[p->depth].element);
	otp_wipe(p->content, p->content_length);
	p->content_length = 0;
}

static void
characters(void *user_data, const xmlChar *text, int length)
{
	SELF(user_data);

	if (p->failed || !p->stack[p->depth].text)
		return;
	if ((size_t) length > PSKC_CONTENT_MAX - p->content_length)
	{
		otp_pskc_fail(p, "the text of an element is too long");
		return;
	}
	memcpy(p->content + p->content_length, text, (size_t) length);
	p->content_length += (size_t) length;
}

/* At the declaration's name already, before anything in it or beyond is read. */
static void
document_type(void *user_data, const xmlChar *name, const xmlChar *external_id,
			  const xmlChar *system_id)
{
	(void) name;
	(void) external_id;
	(void) system_id;
	otp_pskc_fail(user_data, "a document type declaration is not allowed");
}

/* libxml2 2.12 made the error constant. */
#if LIBXML_VERSION >= 21200
typedef const xmlError *XmlError;
#else
typedef xmlErrorPtr XmlError;
#endif

/* The parser's own text quotes the file. */
static void
parse_error(void *user_data, XmlError error)
{
	if (error->level >= XML_ERR_ERROR)
		otp_pskc_fail(user_data, "the XML is not well-formed");
}

static xmlParserCtxtPtr
make_parser(OtpPskc *p)
{
	xmlSAXHandler handler = {0};
	xmlParserCtxtPtr parser;

	handler.initialized = XML_SAX2_MAGIC;
	handler.internalSubset = document_type;
	handler.startElementNs = start_element;
	handler.endElementNs = end_element;
	handler.characters = characters;
	handler.ignorableWhitespace = characters;
	handler.cdataBlock = characters;
	handler.serror = parse_error;
	parser = xmlCreatePushParserCtxt(&handler, p, NULL, 0, NULL);
	if (parser)
		xmlCtxtUseOptions(parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
	return parser;
}

OtpPskc *
otp_pskc_open(const char *text, size_t length, const OtpPskcOptions *options)
{
	OtpPskc    *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->options = options;
	p->text = text;
	p->length = length;
	p->lines = p->line = 1;
	p->parser = make_parser(p);
	if (!p->parser)
	{
		free(p);
		return NULL;
	}
	return p;
}

void
otp_pskc_close(OtpPskc *p)
{
	if (!p)
		return;
	xmlFreeParserCtxt(p->parser);
	otp_wipe(p, sizeof(*p));
	free(p);
}

/*
 * Anything but UTF-8 that the parser could find out by itself begins with another byte or has
 * zero bytes.
 */
static bool
looks_like_utf8(const char *text, size_t length)
{
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		return memchr(text, '\0', length) == NULL;
	return length > 0 && strchr("< \t\r\n", *text) != NULL && memchr(text, '\0', length) == NULL;
}

static size_t
count_lines(const char *text, size_t length)
{
	const char *end = text + length;
	size_t		lines = 0;

	while (text < end && (text = memchr(text, '\n', (size_t) (end - text))) != NULL)
	{
		lines++;
		text++;
	}
	return lines;
}

/* Gives the parser the next piece. */
static void
feed(OtpPskc *p)
{
	const char *piece = p->text + p->at;
	size_t		length = p->length - p->at;
	const char *begin;
	const char *end;
	size_t		tag;

	if (length > PIECE_MAX)
		length = PIECE_MAX;
	end = memchr(piece, '>', length);
	if (end)
		length = (size_t) (end - piece) + 1;
	begin = memchr(piece, '<', length);
	tag = begin ? (size_t) (begin - piece) : length;
	p->line = p->lines + count_lines(piece, tag);
	p->lines = p->line + count_lines(piece + tag, length - tag);
	p->at += length;
	/* The parser may go through all that it has of an open tag or comment again with each piece. */
	if (++p->silent > SILENT_MAX)
		otp_pskc_fail(p, "a tag, a comment or a text is too long");
	else
		xmlParseChunk(p->parser, piece, (int) length, 0);
}

static void
finish(OtpPskc *p)
{
	p->line = p->lines;
	xmlParseChunk(p->parser, NULL, 0, 1);
	if (!p->ended)
		otp_pskc_fail(p, "the XML is not well-formed");
	else if (!p->has_packages)
		otp_pskc_fail(p, "the container has no KeyPackage");
}

OtpTokenStatus
otp_pskc_next(OtpPskc *p, OtpToken *token, OtpTokenError *error)
{
	if (p->at == 0 && !looks_like_utf8(p->text, p->length))
		otp_pskc_fail(p, "the XML is not well-formed");
	while (!p->failed && !p->ready && p->at < p->length)
		feed(p);
	if (!p->failed && !p->ready)
		finish(p);
	if (!p->failed && p->ready)
	{
		*token = p->token;
		otp_token_clear(&p->token);
		p->ready = false;
		return OTP_TOKEN_READ;
	}
	otp_wipe(token, sizeof(*token));
	if (!p->failed)
		return OTP_TOKEN_END;
	*error = p->error;
	return OTP_TOKEN_BAD;
}
