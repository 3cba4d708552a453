/*
 * fuzz_template.c
 *		A template that is let pass renders, whatever the values are, to text of the same structure.
 *
 * The first byte chooses the format; the template follows, then a zero byte and a value.
 */
#include "template.h"

#include "hex.h"

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

static uint64_t
mix(uint64_t hash, const void *data, size_t length)
{
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ ((const uint8_t *) data)[i]) * 0x100000001b3;
	return hash;
}

/* Is this within a name, or within what comes before a URL's path, where no value may be? */
static bool
stays_fixed(OtpTemplateFormat format, char c, bool fixed, size_t slashes)
{
	switch (format)
	{
		case OTP_FORMAT_FORM:
			return c == '&' || (fixed && c != '=');
		case OTP_FORMAT_URL:
			return fixed && c != '?' && slashes < 3;
		case OTP_FORMAT_HEADER:
			return fixed && c != ':';
		default:
			return false;
	}
}

/* A hash of the characters that give the output its structure. */
static uint64_t
structure(const Output *output, OtpTemplateFormat format)
{
	static const char *const signs[] = {"", "<>\"'", "<>\"'", "\"", "&=", ":/?#&=@", ""};
	uint64_t	hash = 0;
	bool		fixed = true;
	size_t		slashes = 0;

	for (size_t i = 0; i < output->length; i++)
	{
		char		c = output->text[i];

		slashes += c == '/';
		fixed = stays_fixed(format, c, fixed, slashes);
		if (format == OTP_FORMAT_JSON && c == '\\')
			i++;
		else if (fixed || (c != '\0' && strchr(signs[format], c)))
			hash = mix(hash, &c, 1);
	}
	return hash;
}

static bool
has_digits(const Output *output, size_t at, size_t count)
{
	for (size_t i = at; i < at + count; i++)
	{
		if (i >= output->length || otp_hex_digit(output->text[i]) < 0)
			return false;
	}
	return true;
}

static void
check_characters(const Output *output, OtpTemplateFormat format)
{
	for (size_t i = 0; i < output->length && format >= OTP_FORMAT_FORM; i++)
	{
		char		c = output->text[i];

		must((c >= (format == OTP_FORMAT_HEADER ? ' ' : '!') && c < 0x7f) ||
			 (format == OTP_FORMAT_HEADER && c == '\t'));
		must(c != '%' || format == OTP_FORMAT_HEADER || has_digits(output, i + 1, 2));
	}
}

/* Are all escapes those of JSON, and is there no control character? */
static bool
escapes_well(const Output *output)
{
	for (size_t i = 0; i < output->length; i++)
	{
		char		c = output->text[i];

		if ((unsigned char) c < ' ')
			return false;
		if (c != '\\')
			continue;
		c = ++i < output->length ? output->text[i] : '\0';
		if (c == 'u' ? !has_digits(output, i + 1, 4) : c == '\0' || !strchr("\"\\/bfnrt", c))
			return false;
	}
	return true;
}

static void
silent(void *arg, const char *format, ...)
{
	(void) arg;
	(void) format;
}

static uint64_t
hash_element(uint64_t hash, const xmlNode *node)
{
	hash = mix(hash, node->name, strlen((const char *) node->name) + 1);
	for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
		hash = mix(hash, attribute->name, strlen((const char *) attribute->name) + 1);
	return hash;
}

/* A hash of the names of an XML document's elements and attributes; 0: it is none. */
static uint64_t
names(const Output *output)
{
	xmlDoc	   *document = xmlReadMemory(output->text, (int) output->length, NULL, "UTF-8",
										 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	xmlNode    *node = document ? xmlDocGetRootElement(document) : NULL;
	uint64_t	hash = node ? 1 : 0;

	while (node)
	{
		if (node->type == XML_ELEMENT_NODE)
			hash = hash_element(hash, node);
		if (node->children && node->type == XML_ELEMENT_NODE)
		{
			node = node->children;
			continue;
		}
		while (node && node->next == NULL)
			node = node->parent && node->parent->type == XML_ELEMENT_NODE ? node->parent : NULL;
		if (node)
			node = node->next;
	}
	xmlFreeDoc(document);
	return hash;
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

/* The harmless value is a letter, a name and a hexadecimal digit. */
static void
compare(const char *body, size_t length, OtpTemplateFormat format, OtpTemplateValue value)
{
	static Output benign;
	static Output hostile;
	OtpTemplateValue harmless = {"a", 1, false};

	benign.length = hostile.length = 0;
	benign.full = hostile.full = false;
	otp_template_render(body, length, format, lookup, &harmless, keep, &benign);
	otp_template_render(body, length, format, lookup, &value, keep, &hostile);
	if (benign.full || hostile.full)
		return;
	must(structure(&benign, format) == structure(&hostile, format));
	check_characters(&hostile, format);
	if (format == OTP_FORMAT_JSON && escapes_well(&benign))
		must(escapes_well(&hostile));
	if (format == OTP_FORMAT_SSML && is_ascii(value))
	{
		uint64_t	want = names(&benign);

		must(want == 0 || want == names(&hostile));
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
