/*
 * template_markup.c
 *		Where placeholders may stand in HTML and SSML: in text, and in the quoted values of attributes
 *		that neither run nor load anything.
 *
 * The states are those of the HTML standard's tokenizer, as far as it and XML agree; where they or
 * the readers of HTML differ, no placeholder may follow.
 */
#include <string.h>

#include "template_context.h"

enum
{
	TEXT, TAG_OPEN, END_TAG_OPEN, TAG_NAME, BEFORE_ATTRIBUTE, ATTRIBUTE_NAME, AFTER_ATTRIBUTE,
	BEFORE_VALUE, VALUE_DOUBLE, VALUE_SINGLE, VALUE_BARE, DECLARATION, COMMENT, BOGUS_COMMENT,
	INSTRUCTION, CDATA, RAW_TEXT, SHUT
};

/* Their content is no markup: up to their end tag. */
static const char *const raw_elements[] =
{
	"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", NULL
};

/* What is in them is markup for some readers and for others is not, or has other rules. */
static const char *const shut_elements[] =
{
	"noscript", "plaintext", "svg", "math", "select", "frameset", NULL
};

/* What loads, leads elsewhere or runs; and all that begin with "on". */
static const char *const active_attributes[] =
{
	"style", "href", "src", "srcset", "imagesrcset", "srcdoc", "action", "formaction", "data",
	"background", "poster", "ping", "cite", "longdesc", "manifest", "codebase", "classid",
	"archive", "profile", "content", "base", "uri", NULL
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

static void
append(MarkupName *name, char c)
{
	if (name->length < MARKUP_NAME_MAX)
		name->text[name->length++] = lower(c);
}

static bool
equals(const MarkupName *name, const char *other)
{
	return name->length == strlen(other) && memcmp(name->text, other, name->length) == 0;
}

static bool
is_among(const MarkupName *name, const char *const *names)
{
	for (; *names; names++)
	{
		if (equals(name, *names))
			return true;
	}
	return false;
}

/* What follows a tag. */
static int
content(const TemplateContext *context)
{
	const MarkupName *element = &context->markup.element;

	if (context->markup.closing)
		return TEXT;
	if (context->format == OTP_FORMAT_SSML)
		return equals(element, "script") || equals(element, "style") ? SHUT : TEXT;
	if (is_among(element, shut_elements))
		return SHUT;
	return is_among(element, raw_elements) ? RAW_TEXT : TEXT;
}

static void
enter(TemplateContext *context, int state)
{
	context->state = state;
	context->markup.matched = 0;
}

static void
begin_tag(TemplateContext *context, char c, bool closing)
{
	context->markup.closing = closing;
	context->markup.element.length = 0;
	append(&context->markup.element, c);
	enter(context, TAG_NAME);
}

static void
pass_tag_open(TemplateContext *context, char c)
{
	bool		xml = context->format == OTP_FORMAT_SSML;

	if (c == '!')
		enter(context, DECLARATION);
	else if (c == '/')
		enter(context, END_TAG_OPEN);
	else if (c == '?')
		enter(context, xml ? INSTRUCTION : BOGUS_COMMENT);
	else if (xml || is_letter(c))
		begin_tag(context, c, false);
	else if (c != '<')
		enter(context, TEXT);
}

static void
pass_end_tag_open(TemplateContext *context, char c)
{
	if (c == '>')
		enter(context, TEXT);
	else if (context->format == OTP_FORMAT_SSML || is_letter(c))
		begin_tag(context, c, true);
	else
		enter(context, BOGUS_COMMENT);
}

/* Within a tag, after a name or a value. */
static void
pass_tag(TemplateContext *context, char c)
{
	MarkupContext *markup = &context->markup;

	if (c == '>')
		enter(context, content(context));
	else if (c == '/')
		enter(context, BEFORE_ATTRIBUTE);
	else if (is_space(c))
		enter(context, context->state == ATTRIBUTE_NAME || context->state == AFTER_ATTRIBUTE ?
			  AFTER_ATTRIBUTE : BEFORE_ATTRIBUTE);
	else if (context->state == TAG_NAME)
		append(&markup->element, c);
	else if (c == '=' && context->state != BEFORE_ATTRIBUTE)
		enter(context, BEFORE_VALUE);
	else
	{
		/* of a name with a prefix, what comes after it counts */
		if (context->state != ATTRIBUTE_NAME || c == ':')
			markup->attribute.length = 0;
		if (c != ':')
			append(&markup->attribute, c);
		enter(context, ATTRIBUTE_NAME);
	}
}

static void
pass_before_value(TemplateContext *context, char c)
{
	if (c == '"')
		enter(context, VALUE_DOUBLE);
	else if (c == '\'')
		enter(context, VALUE_SINGLE);
	else if (c == '>')
		enter(context, content(context));
	else if (!is_space(c))
		enter(context, VALUE_BARE);
}

static void
pass_bare_value(TemplateContext *context, char c)
{
	if (c == '>' || is_space(c))
		pass_tag(context, c);
}

static void
pass_declaration(TemplateContext *context, char c)
{
	static const char cdata[] = "[CDATA[";
	MarkupContext *markup = &context->markup;
	bool		xml = context->format == OTP_FORMAT_SSML;

	if (markup->matched == 0)
		markup->section = c == '[';
	if (markup->section ? c == cdata[markup->matched] : c == '-')
		markup->matched++;
	else
	{
		enter(context, xml ? SHUT : c == '>' ? TEXT : BOGUS_COMMENT);
		return;
	}
	if (markup->section && markup->matched == strlen(cdata))
		enter(context, xml ? CDATA : SHUT);
	else if (!markup->section && markup->matched == 2)
	{
		markup->fresh = true;
		markup->bang = false;
		enter(context, COMMENT);
	}
}

/* HTML ends a comment by --!> too, and by > or -> right at its beginning. */
static void
pass_comment(TemplateContext *context, char c)
{
	MarkupContext *markup = &context->markup;
	bool		html = context->format == OTP_FORMAT_HTML;
	bool		hyphens = markup->matched >= 2;

	if (c == '>' && (hyphens || (html && (markup->fresh || markup->bang))))
	{
		enter(context, TEXT);
		return;
	}
	markup->bang = c == '!' && hyphens;
	markup->matched = c == '-' ? markup->matched + 1 : 0;
	markup->fresh &= c == '-';
}

/* Up to a > that follows so many of another character. */
static void
pass_fenced(TemplateContext *context, char c, char fence, size_t count)
{
	if (c == '>' && context->markup.matched >= count)
		enter(context, TEXT);
	else
		context->markup.matched = c == fence ? context->markup.matched + 1 : 0;
}

/* matched: how much of </name there is. */
static void
pass_raw_text(TemplateContext *context, char c)
{
	MarkupContext *markup = &context->markup;
	const MarkupName *element = &markup->element;
	size_t		matched = markup->matched;

	if (matched == 1 && c == '!' && equals(element, "script"))
		enter(context, SHUT);	/* a comment in a script can hide its end tag */
	else if (matched == element->length + 2 && (c == '>' || c == '/' || is_space(c)))
	{
		markup->closing = true;
		context->state = BEFORE_ATTRIBUTE;
		pass_tag(context, c);
	}
	else if ((matched == 1 && c == '/') || (matched >= 2 && matched < element->length + 2 &&
											lower(c) == element->text[matched - 2]))
		markup->matched++;
	else
		markup->matched = c == '<';
}

void
otp_template_markup_pass(TemplateContext *context, char c)
{
	switch (context->state)
	{
		case TEXT:
			if (c == '<')
				enter(context, TAG_OPEN);
			break;
		case TAG_OPEN:
			pass_tag_open(context, c);
			break;
		case END_TAG_OPEN:
			pass_end_tag_open(context, c);
			break;
		case BEFORE_VALUE:
			pass_before_value(context, c);
			break;
		case VALUE_DOUBLE:
		case VALUE_SINGLE:
			if (c == (context->state == VALUE_DOUBLE ? '"' : '\''))
				enter(context, BEFORE_ATTRIBUTE);
			break;
		case VALUE_BARE:
			pass_bare_value(context, c);
			break;
		case DECLARATION:
			pass_declaration(context, c);
			break;
		case COMMENT:
			pass_comment(context, c);
			break;
		case BOGUS_COMMENT:
			pass_fenced(context, c, '>', 0);
			break;
		case INSTRUCTION:
			pass_fenced(context, c, '?', 1);
			break;
		case CDATA:
			pass_fenced(context, c, ']', 2);
			break;
		case RAW_TEXT:
			pass_raw_text(context, c);
			break;
		case SHUT:
			break;
		default:
			pass_tag(context, c);
	}
}

bool
otp_template_markup_allows(const TemplateContext *context)
{
	const MarkupContext *markup = &context->markup;

	switch (context->state)
	{
		case TEXT:
			return true;
		case VALUE_DOUBLE:
		case VALUE_SINGLE:
			return !is_among(&markup->attribute, active_attributes) &&
				!(markup->attribute.length >= 2 && memcmp(markup->attribute.text, "on", 2) == 0);
		case RAW_TEXT:
			return markup->matched == 0 &&
				(equals(&markup->element, "title") || equals(&markup->element, "textarea"));
		default:
			return false;
	}
}
