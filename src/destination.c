/*
 * destination.c
 *		Where a message goes: a telephone number, a mail address, or what a provider calls it.
 */
#include "compat.h"

#include "utils/builtins.h"

#include "destination.h"
#include "errors.h"

#define EMAIL_MAX		254		/* RFC 5321 section 4.5.3.1.3, without the brackets */
#define LOCAL_PART_MAX	64
#define PHONE_MIN		7
#define PHONE_MAX		15		/* ITU-T E.164 */

static const char digits[] = "0123456789";
static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

pg_attribute_noreturn()
static void
refuse(const char *kind, const char *hint)
{
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("invalid destination for a channel of kind \"%s\"", kind),
			errhint("%s", hint),
			otp_errprivate());
	pg_unreachable();
}

/* Is the whole of it among the characters that are allowed, one or more? */
static bool
consists_of(const char *s, size_t length, const char *a, const char *b, const char *c)
{
	for (size_t i = 0; i < length; i++)
		if (s[i] == '\0' || (strchr(a, s[i]) == NULL && strchr(b, s[i]) == NULL && strchr(c, s[i]) == NULL))
			return false;
	return length > 0;
}

static const text *
canonical_phone(const char *s, const char *kind)
{
	char		number[PHONE_MAX + 3];
	size_t		n = 0;

	for (; *s != '\0' && n < sizeof(number) - 1; s++)
		if (strchr(" -.()", *s) == NULL)
			number[n++] = *s;
	number[n] = '\0';
	if (number[0] != '+' || n < 1 + PHONE_MIN || n > 1 + PHONE_MAX || number[1] == '0' ||
		!consists_of(number + 1, n - 1, digits, "", ""))
		refuse(kind, "Give a number with its country code, such as +442079460018: + and 7 to 15 digits.");
	return cstring_to_text(number);
}

/* Labels of letters, digits and hyphens, with dots between them. */
static bool
is_domain(const char *s)
{
	size_t		length;

	for (;; s += length + 1)
	{
		length = strcspn(s, ".");
		if (length > 63 || !consists_of(s, length, letters, digits, "-") || s[0] == '-' ||
			s[length - 1] == '-')
			return false;
		if (s[length] == '\0')
			return true;
	}
}

static bool
is_local_part(const char *s, size_t length)
{
	return length <= LOCAL_PART_MAX && consists_of(s, length, letters, digits, "!#$%&'*+-/=?^_`{|}~.") &&
		s[0] != '.' && s[length - 1] != '.' && strstr(s, "..") == NULL;
}

bool
otp_is_mail_address(const char *s)
{
	const char *at = strchr(s, '@');

	return at != NULL && strlen(s) <= EMAIL_MAX && is_local_part(s, at - s) && is_domain(at + 1);
}

static const text *
canonical_email(char *s, const char *kind)
{
	if (!otp_is_mail_address(s))
		refuse(kind, "Give a mail address in ASCII, such as alice@example.com; an international domain in its xn-- form.");
	for (char *c = strchr(s, '@') + 1; *c != '\0'; c++)
		*c = pg_ascii_tolower((unsigned char) *c);
	return cstring_to_text(s);
}

static const text *
canonical_name(const char *s, const char *kind)
{
	for (const char *c = s; *c != '\0'; c++)
		if (*c <= ' ' || *c >= 0x7f)
			refuse(kind, "Give what the provider calls the recipient, in ASCII without spaces.");
	return cstring_to_text(s);
}

const text *
otp_destination_canonical(const text *destination, const char *kind)
{
	char	   *s = text_to_cstring(destination);
	size_t		length = strlen(s);

	if (length < 1 || length > OTP_DESTINATION_MAX)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("destination must have between 1 and %d bytes, not %zu", OTP_DESTINATION_MAX,
					   length),
				otp_errprivate());
	if (strcmp(kind, "sms") == 0 || strcmp(kind, "voice") == 0)
		return canonical_phone(s, kind);
	if (strcmp(kind, "email") == 0)
		return canonical_email(s, kind);
	return canonical_name(s, kind);
}

const text *
otp_destination_counted(const text *canonical)
{
	char	   *s = text_to_cstring(canonical);

	for (char *c = s; *c != '\0'; c++)
		*c = pg_ascii_tolower((unsigned char) *c);
	return cstring_to_text(s);
}
