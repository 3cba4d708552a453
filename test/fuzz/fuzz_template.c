/*
 * fuzz_template.c
 *		A template that is let pass renders, whatever the values are, to text of the same structure.
 *
 * The first byte chooses the format; the template follows, then a zero byte and a value.
 */
#include "template.h"

#include <libxml/parser.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MOST 2048
#define ROOM (MOST * 64)

typedef struct Output
{
	char		text[ROOM];
	size_t		length;
	bool		full;
} Output;

static void
must(int truth)
{
	if (!truth)
		abort();
}

static bool
known(void *arg, const char *name, size_t length)
{
	(void) arg;
	must(length > 0 && name[0] >= 'a' && name[0] <= 'z');
	return true;
}

static OtpTemplateValue
lookup(void *arg, const char *name, size_t length)
{
	(void) name;
	(void) length;
	return *(OtpTemplateValue *) arg;
}

static void
keep(void *arg, const char *data, size_t length)
{
	Output	   *output = arg;

	output->full |= length > ROOM - output->length;
	if (output->full)
		return;
	memcpy(output->text + output->length, data, length);
	output->length += length;
}

/* How many characters that are of the format's structure; order and kind count. */
static size_t
structure(const Output *output, OtpTemplateFormat format, uint64_t *hash)
{
	static const char *const signs[] = {"", "<>\"'", "<>\"'", "\"", "&=", ":/?#&=@", ""};
	size_t		n = 0;

	*hash = 0;
	for (size_t i = 0; i < output->length; i++)
	{
		char		c = output->text[i];

		if (format == OTP_FORMAT_JSON && c == '\\')
			i++;
		else if (c != '\0' && strchr(signs[format], c))
		{
			*hash = *hash * 31 + (unsigned char) c;
			n++;
		}
	}
	return n;
}

static void
check_characters(const Output *output, OtpTemplateFormat format)
{
	for (size_t i = 0; i < output->length && format >= OTP_FORMAT_FORM; i++)
	{
		char		c = output->text[i];

		must((c >= (format == OTP_FORMAT_HEADER ? ' ' : '!') && c < 0x7f) ||
			 (format == OTP_FORMAT_HEADER && c == '\t'));
	}
}

static void
silent(void *arg, const char *format, ...)
{
	(void) arg;
	(void) format;
}

/* How many nodes the XML has; 0: it is none. */
static size_t
nodes(const Output *output)
{
	xmlDoc	   *document = xmlReadMemory(output->text, (int) output->length, NULL, "UTF-8",
										 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	size_t		n = 0;
	xmlNode    *node = document ? xmlDocGetRootElement(document) : NULL;

	while (node)
	{
		n += node->type == XML_ELEMENT_NODE;
		if (node->children && node->type == XML_ELEMENT_NODE)
			node = node->children;
		else
		{
			while (node && node->next == NULL)
				node = node->parent && node->parent->type == XML_ELEMENT_NODE ?
					node->parent : NULL;
			if (node)
				node = node->next;
		}
	}
	xmlFreeDoc(document);
	return n;
}

static bool
is_ascii(OtpTemplateValue value)
{
	for (size_t i = 0; i < value.length; i++)
	{
		if ((unsigned char) value.data[i] >= 0x80)
			return false;
	}
	return true;
}

static void
compare(const char *body, size_t length, OtpTemplateFormat format, OtpTemplateValue value)
{
	static Output benign;
	static Output hostile;
	OtpTemplateValue x = {"x", 1, false};
	uint64_t	want;
	uint64_t	got;

	benign.length = hostile.length = 0;
	benign.full = hostile.full = false;
	otp_template_render(body, length, format, lookup, &x, keep, &benign);
	otp_template_render(body, length, format, lookup, &value, keep, &hostile);
	if (benign.full || hostile.full)
		return;
	must(structure(&benign, format, &want) == structure(&hostile, format, &got));
	must(want == got);
	check_characters(&hostile, format);
	if (format == OTP_FORMAT_SSML && is_ascii(value))
	{
		size_t		n = nodes(&benign);

		must(n == 0 || n == nodes(&hostile));
	}
}

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *body = (const char *) data + 1;
	const char *end;
	OtpTemplateFormat format;
	OtpTemplateValue value = {"", 0, true};
	size_t		length;
	size_t		position = SIZE_MAX;

	if (size == 0 || size > MOST)
		return 0;
	xmlSetGenericErrorFunc(NULL, silent);
	format = data[0] % (OTP_FORMAT_HEADER + 1);
	end = memchr(body, '\0', size - 1);
	length = end ? (size_t) (end - body) : size - 1;
	if (end)
		value = (OtpTemplateValue) {end + 1, size - 2 - length, true};

	if (otp_template_check(body, length, format, known, NULL, &position) == OTP_TEMPLATE_OK)
		compare(body, length, format, value);
	else
		must(position <= length);
	otp_template_has(body, length, format, "code");
	return 0;
}
