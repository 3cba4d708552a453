/*
 * template.c
 *		Table otp_template: what a message says.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "errors.h"
#include "rendering.h"
#include "store/policy.h"
#include "store/relation.h"
#include "template.h"

#define ENGLISH				"en"
#define LOCALE_MAX_BYTES	35	/* RFC 5646 section 4.4.1 */

enum
{
	COL_KIND = 2,
	COL_LOCALE,
	COL_SUBJECT,
	COL_BODY,
	COL_HTML,
	COL_COUNT = COL_HTML
};

static OtpQuery fetch_query = {
	"SELECT subject, body, html"
	"  FROM (SELECT purpose, kind, locale, subject, body, html, false AS shipped FROM @.otp_template"
	"        UNION ALL"
	"        SELECT $2, kind, locale, subject, body, html, true FROM @.otp_template_default) AS t"
	"  WHERE kind = $3 AND purpose IN ($1, $2) AND locale IN ($4, split_part($4, '-', 1), $5)"
	"  ORDER BY purpose = $1 DESC, locale = $4 DESC, locale = split_part($4, '-', 1) DESC, shipped"
	"  LIMIT 1",
	5, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID}
};

OtpTemplateFormat
otp_template_format(const char *kind)
{
	return strcmp(kind, "voice") == 0 ? OTP_FORMAT_SSML : OTP_FORMAT_PLAIN;
}

bool
otp_template_fetch(const OtpOwner *owner, const text *purpose, const char *kind,
				   const text *locale, OtpTemplate *template)
{
	Datum		values[] = {
		PointerGetDatum(purpose), CStringGetTextDatum(OTP_PURPOSE_DEFAULT),
		CStringGetTextDatum(kind), PointerGetDatum(locale), CStringGetTextDatum(ENGLISH)
	};

	if (otp_query_run(owner, &fetch_query, values, NULL) == 0)
		return false;
	template->purpose = purpose;
	template->locale = locale;
	template->subject = otp_query_text(0, 1);
	template->body = otp_query_text(0, 2);
	template->html = otp_query_text(0, 3);
	return true;
}

const OtpTemplate *
otp_template_recall(const OtpOwner *owner, List **known, const text *purpose, const char *kind,
					const text *locale)
{
	OtpTemplate *template;
	ListCell   *cell;

	foreach(cell, *known)
	{
		template = lfirst(cell);
		if (otp_same_text(template->purpose, purpose) && otp_same_text(template->locale, locale))
			return template;
	}
	template = palloc(sizeof(OtpTemplate));
	if (!otp_template_fetch(owner, purpose, kind, locale, template))
		return NULL;
	*known = lappend(*known, template);
	return template;
}

const text *
otp_checked_locale(const text *locale)
{
	const char *s = text_to_cstring(locale);
	size_t		length = strlen(s);

	if (length < 2 || length > LOCALE_MAX_BYTES ||
		strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != length)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("invalid locale"),
				errhint("Give a language, and perhaps more, as in BCP 47: en, id, pt-BR."),
				otp_errprivate());
	return locale;
}

static const text *
column(const TriggerData *trigger, HeapTuple row, int number)
{
	bool		isnull;
	Datum		value = heap_getattr(row, number, RelationGetDescr(trigger->tg_relation), &isnull);

	return isnull ? NULL : DatumGetTextPP(value);
}

/* Has a line the code, and nothing because of which the line may be left out? */
static bool
shows_code(const char *body, OtpTemplateFormat format)
{
	bool		found = false;

	while (!found && *body != '\0')
	{
		size_t		length = format == OTP_FORMAT_PLAIN ? strcspn(body, "\n") : strlen(body);

		found = otp_template_has(body, length, format, "code") &&
			(format != OTP_FORMAT_PLAIN || !(otp_template_has(body, length, format, "context") ||
											  otp_template_has(body, length, format, "domain")));
		body += length + (body[length] == '\n');
	}
	return found;
}

static void
require_code(const text *body, OtpTemplateFormat format, const char *what)
{
	if (!shows_code(text_to_cstring(body), format))
		ereport(ERROR,
				errcode(ERRCODE_CHECK_VIOLATION),
				errmsg("%s does not show the code", what),
				errdetail("A line with {context} or {domain} is left out where there is none."),
				errhint("Have a line with {code} and without them."));
}

/* It becomes a header, so it is one line. */
static void
check_subject(const text *subject)
{
	otp_template_require(subject, OTP_FORMAT_PLAIN, OTP_IN_MESSAGE, "the subject");
	for (const char *c = text_to_cstring(subject); *c != '\0'; c++)
		if ((unsigned char) *c < ' ' || *c == 0x7f)
			ereport(ERROR,
					errcode(ERRCODE_CHECK_VIOLATION),
					errmsg("the subject has a control character"));
}

/*
 * otp_template_guard() → trigger
 *
 * Before INSERT or UPDATE of a row of otp_template.
 */
PG_FUNCTION_INFO_V1(otp_template_guard);
Datum
otp_template_guard(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	OtpTemplateFormat format;
	HeapTuple	row;
	const text *text_of[COL_COUNT + 1] = {NULL};

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(ERROR,
				errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("otp_template_guard() must be called as a BEFORE trigger of a row"));
	row = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	for (int i = COL_KIND; i <= COL_COUNT; i++)
		text_of[i] = column(trigger, row, i);
	/* What is null where it must not be is for the constraints to refuse. */
	if (text_of[COL_KIND] == NULL || text_of[COL_BODY] == NULL)
		return PointerGetDatum(row);
	format = otp_template_format(text_to_cstring(text_of[COL_KIND]));
	otp_template_require(text_of[COL_BODY], format, OTP_IN_MESSAGE, "the body");
	require_code(text_of[COL_BODY], format, "the body");
	if (text_of[COL_SUBJECT] != NULL)
		check_subject(text_of[COL_SUBJECT]);
	if (text_of[COL_HTML] != NULL)
	{
		otp_template_require(text_of[COL_HTML], OTP_FORMAT_HTML, OTP_IN_MESSAGE, "the html");
		require_code(text_of[COL_HTML], OTP_FORMAT_HTML, "the html");
	}
	return PointerGetDatum(row);
}
