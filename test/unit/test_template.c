/*
 * test_template.c
 *		Templates: what is refused and where, what values become in each format, and which lines
 *		are left out.
 */
#include "template.h"

#include <stdlib.h>

#include "tap.h"

typedef struct Pair
{
	const char *name;
	const char *value;
} Pair;

/* The value of every placeholder that lookup() does not name. */
static const char *hostile;

static bool
known(void *arg, const char *name, size_t length)
{
	(void) arg;
	return !(length == 7 && memcmp(name, "unknown", 7) == 0);
}

static OtpTemplateValue
lookup(void *arg, const char *name, size_t length)
{
	static const Pair pairs[] = {
		{"code", "049213"}, {"minutes", "5"}, {"nothing", NULL}, {"empty", ""}, {"dot", "."},
		{"secret.key2", "s3"}, {"b", "b"}
	};

	(void) arg;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
	{
		const char *value = pairs[i].value;

		if (strlen(pairs[i].name) == length && memcmp(name, pairs[i].name, length) == 0)
			return (OtpTemplateValue) {value, value ? strlen(value) : 0, i == 0};
	}
	return (OtpTemplateValue) {hostile, strlen(hostile), false};
}

static void
keep(void *arg, const char *data, size_t length)
{
	strncat(arg, data, length);
}

/* A copy whose end the sanitizer knows. */
static char *
copy_of(const char *body)
{
	char	   *copy = malloc(strlen(body));

	memcpy(copy, body, strlen(body));
	return copy;
}

static void
checks(const char *body, OtpTemplateFormat format, OtpTemplateError want, size_t at)
{
	static const char *const names[] = {"ok", "unknown", "syntax", "place", "character"};
	char	   *copy = copy_of(body);
	size_t		position = 9999;
	OtpTemplateError error = otp_template_check(copy, strlen(body), format, known, NULL,
												&position);

	ok(error == want && (error == OTP_TEMPLATE_OK || position == at),
	   "format %d: %s: %s at %zu, got %s at %zu", format, body, names[want], at, names[error],
	   position);
	free(copy);
}

static void
renders(const char *body, OtpTemplateFormat format, const char *want)
{
	char		got[1024] = "";
	char	   *copy = copy_of(body);

	checks(body, format, OTP_TEMPLATE_OK, 0);
	otp_template_render(copy, strlen(body), format, lookup, NULL, keep, got);
	is_string(got, want, body);
	free(copy);
}

#define plain(body, want) renders(body, OTP_FORMAT_PLAIN, want)
#define refused(body, format, error, at) checks(body, OTP_FORMAT_##format, OTP_TEMPLATE_##error, at)
#define allowed(body, format) refused(body, format, OK, 0)

static void
test_syntax(void)
{
	allowed("", PLAIN);
	allowed("{a}{a_}{a.b}{a_b.c9_}", PLAIN);
	refused("a {unknown}", PLAIN, UNKNOWN, 2);
	refused("{unknown} {", PLAIN, UNKNOWN, 0);
	refused("{", PLAIN, SYNTAX, 0);
	refused("}", PLAIN, SYNTAX, 0);
	refused("ab } {code}", PLAIN, SYNTAX, 3);
	refused("ab {code", PLAIN, SYNTAX, 3);
	refused("{}", PLAIN, SYNTAX, 0);
	refused("{ code}", PLAIN, SYNTAX, 0);
	refused("{code }", PLAIN, SYNTAX, 0);
	refused("{Code}", PLAIN, SYNTAX, 0);
	refused("{_a}", PLAIN, SYNTAX, 0);
	refused("{a1}", PLAIN, SYNTAX, 0);
	refused("{a.}", PLAIN, SYNTAX, 0);
	refused("{.a}", PLAIN, SYNTAX, 0);
	refused("{a.1}", PLAIN, SYNTAX, 0);
	refused("{a._}", PLAIN, SYNTAX, 0);
	refused("{a.b.c}", PLAIN, SYNTAX, 0);
	refused("{co{code}}", PLAIN, SYNTAX, 0);
	refused("{{{code}}", PLAIN, SYNTAX, 8);
	refused("{{code}", PLAIN, SYNTAX, 6);
	refused("{}}", HTML, SYNTAX, 0);
	plain("{{{code}}}{{}}", "{049213}{}");
	plain("{{code}}", "{code}");
	plain("{secret.key2}", "s3");
}

static void
test_lines(void)
{
	hostile = "a\r\n\tb\x01\x7f{code}\xc3\xa9";
	plain("{x}", "a\n\tb{code}\xc3\xa9");
	plain("", "");
	plain("\n\n", "\n\n");
	plain("a\n{nothing}\nb", "a\nb");
	plain("a\nto {empty} {code}\nb", "a\nb");
	plain("a\nto {code} {empty}\nb\n", "a\nb\n");
	plain("a\n{nothing}", "a");
	plain("a\n{nothing}\n", "a\n");
	plain("{nothing}\na", "a");
	plain("{nothing}\n\na", "\na");
	plain("a\n{nothing}\n{nothing}", "a");
	plain("{nothing}\n{empty}", "");
	plain("a\n\n{nothing}\n", "a\n\n");
}

static void
test_html(void)
{
	hostile = "&<>\"'\xc3\xa9\n";
	renders("<p title=\"{x}\">{x}</p>", OTP_FORMAT_HTML,
			"<p title=\"&amp;&lt;&gt;&quot;&#39;\xc3\xa9\n\">"
			"&amp;&lt;&gt;&quot;&#39;\xc3\xa9\n</p>");
	renders("{code}{nothing}\n<style>p {{ top: 0 }}</style>", OTP_FORMAT_HTML,
			"049213\n<style>p { top: 0 }</style>");
	allowed("<p title='{x}' lang = \"{x}\"a='{x}'/>{x}", HTML);
	allowed("1 < 2 {x} <3 {x} < {x}", HTML);
	allowed("<!DOCTYPE html>{x}<!-- - -- -> --!>{x}<!-->{x}<!--->{x}<!---->{x}<!----!>{x}", HTML);
	allowed("<!-- a --->{x}<?php>{x}</>{x}</ a>{x}<!>{x}<!->{x}<![if mso]>{x}<![endif]>{x}", HTML);
	allowed("<STYLE a>x</stylex></style >{x}<style></STYLE>{x}<script>a<b</ script></script\n>{x}", HTML);
	allowed("<title>{x}<b></title>{x}<textarea>{x}</textarea><p a=b/c d>{x}", HTML);
	allowed("<p a=>{x}<p a= b>{x}<p =a>{x}", HTML);
	allowed("<p a ='\"{x}'></p a='{x}'>{x}<p onx><p a='{x}'>", HTML);
	refused("<{x}", HTML, PLACE, 1);
	refused("<<{x}", HTML, PLACE, 2);
	refused("</{x}", HTML, PLACE, 2);
	refused("<p{x}", HTML, PLACE, 2);
	refused("<p {x}", HTML, PLACE, 3);
	refused("<p/{x}", HTML, PLACE, 3);
	refused("<p a{x}", HTML, PLACE, 4);
	refused("<p a {x}", HTML, PLACE, 5);
	refused("<p a={x}", HTML, PLACE, 5);
	refused("<p a= {x}", HTML, PLACE, 6);
	refused("<p a=b{x}", HTML, PLACE, 6);
	refused("<p a=b\"{x}\"", HTML, PLACE, 7);
	refused("<p a=b/{x}", HTML, PLACE, 7);
	refused("<p a=\"b\"{x}", HTML, PLACE, 8);
	refused("<p =\"{x}\"", HTML, PLACE, 5);
	refused("<p='{x}'", HTML, PLACE, 4);
	refused("<!{x}", HTML, PLACE, 2);
	refused("<!-{x}", HTML, PLACE, 3);
	refused("<!DOCTYPE {x}>", HTML, PLACE, 10);
	refused("<?a {x}>", HTML, PLACE, 4);
	refused("<!--{x}", HTML, PLACE, 4);
	refused("<!--!>{x}", HTML, PLACE, 6);
	refused("<!-- > -> -- > {x}", HTML, PLACE, 15);
	refused("<!-- --! >{x}", HTML, PLACE, 10);
	refused("<![CDATA[ ]]>{x}", HTML, PLACE, 13);
	refused("<script>{x}", HTML, PLACE, 8);
	refused("<script><!--</script>{x}", HTML, PLACE, 21);
	refused("<script/>{x}", HTML, PLACE, 9);
	refused("<sCript\n>{x}", HTML, PLACE, 9);
	refused("<style>'</script>{x}", HTML, PLACE, 17);
	refused("<style></stylex>{x}", HTML, PLACE, 16);
	refused("<style></styl>{x}", HTML, PLACE, 14);
	refused("<style></style{x}", HTML, PLACE, 14);
	refused("<style></style {x}", HTML, PLACE, 15);
	refused("<title><{x}", HTML, PLACE, 8);
	refused("<title></t{x}", HTML, PLACE, 10);
	refused("<title><a b='</title><script>'>{x}", HTML, PLACE, 31);
	refused("<iframe>{x}", HTML, PLACE, 8);
	refused("<noscript></noscript>{x}", HTML, PLACE, 21);
	refused("<svg><style><a x=\"</style>{x}", HTML, PLACE, 26);
	refused("<a onclick=\"{x}\"", HTML, PLACE, 12);
	refused("<a ONCLICK='{x}'", HTML, PLACE, 12);
	refused("<a onaveryverylongname='{x}'", HTML, PLACE, 24);
	refused("<a style='{x}'", HTML, PLACE, 10);
	refused("<a HREF ='{x}'", HTML, PLACE, 10);
	refused("<a b href='{x}'", HTML, PLACE, 11);
	refused("<a b='c'href= '{x}'", HTML, PLACE, 15);
	refused("<a xlink:href='{x}'", HTML, PLACE, 15);
	refused("<img src=\"a{x}\"", HTML, PLACE, 11);
	refused("<form action=\"{x}\"", HTML, PLACE, 14);
}

static void
test_ssml(void)
{
	hostile = "&<>\"'\x01\t\n\r\x1f\xef\xbf\xbe.\xef\xbf\xbf\xef\xbf\xbd\xc3\xa9";
	renders("<s>{x}</s>", OTP_FORMAT_SSML,
			"<s>&amp;&lt;&gt;&quot;&#39;\t\n\r.\xef\xbf\xbd\xc3\xa9</s>");
	renders("<?xml version=\"1.0\"?><speak xml:lang=\"{b}\">{code}{b}</speak>", OTP_FORMAT_SSML,
			"<?xml version=\"1.0\"?><speak xml:lang=\"b\">0, 4, 9, 2, 1, 3b</speak>");
	allowed("<![CDATA[ <b> ]] > ]>]]>{x}<![CDATA[]]]>{x}<?a > ? >?>{x}<title>{x}</title>", SSML);
	allowed("<!-- -->{x}<break/>{x}", SSML);
	refused("<!-->{x}", SSML, PLACE, 5);
	refused("<!-- --!>{x}", SSML, PLACE, 9);
	refused("<![CDATA[{x}", SSML, PLACE, 9);
	refused("<![CDATA[]>{x}", SSML, PLACE, 11);
	refused("<?a>{x}", SSML, PLACE, 4);
	refused("<\xc3\xa9 {x}", SSML, PLACE, 4);
	refused("<!DOCTYPE a [<!ENTITY b '>'>]>{x}", SSML, PLACE, 30);
	refused("<script></script>{x}", SSML, PLACE, 17);
	refused("<style>{x}", SSML, PLACE, 7);
	refused("<audio src='{x}'", SSML, PLACE, 12);
	refused("<p a={x}", SSML, PLACE, 5);
}

static void
test_json(void)
{
	hostile = "\"\\\b\f\n\r\t\x01\x1f/<\x7f\xc3\xa9{}";
	renders("{\"a\": {\"{x}\": [\"{x}\"]}}", OTP_FORMAT_JSON,
			"{\"a\": {\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f/<\x7f\xc3\xa9{}\": "
			"[\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f/<\x7f\xc3\xa9{}\"]}}");
	renders("{\"a\\\"{code}\\\\\": \"\\u00e9{code}{nothing}\", \"{{}}\": {}}", OTP_FORMAT_JSON,
			"{\"a\\\"049213\\\\\": \"\\u00e9049213\", \"{}\": {}}");
	allowed("{{code}}", JSON);
	allowed("{\"\\\\\": {unknown} }", JSON);
	refused("{\"a\": \"{unknown}\"}", JSON, UNKNOWN, 7);
	refused("[\"}\"]", JSON, SYNTAX, 2);
	refused("[\"\\{x}\"]", JSON, PLACE, 3);
	refused("[\"\\u{x}\"]", JSON, PLACE, 4);
	refused("[\"\\u00e{x}\"]", JSON, PLACE, 7);
	refused("[\"\\\\\\{x}\"]", JSON, PLACE, 5);
}

static void
test_form(void)
{
	hostile = "a z&=+%;*-._~\xc3\xa9\n";
	renders("To={x}&Body=b{code}={nothing}+%2B&c", OTP_FORMAT_FORM,
			"To=a+z%26%3D%2B%25%3B*-._%7E%C3%A9%0A&Body=b049213=+%2B&c");
	allowed("", FORM);
	refused("{x}=a", FORM, PLACE, 0);
	refused("a={x}&{x}=1", FORM, PLACE, 6);
	refused("a=b c", FORM, CHARACTER, 3);
	refused("a=\xc3\xa9", FORM, CHARACTER, 2);
	refused("a=\x7f", FORM, CHARACTER, 2);
	refused("a=b\n", FORM, CHARACTER, 3);
	refused("a=%{x}", FORM, PLACE, 3);
	refused("a=%4{x}", FORM, PLACE, 4);
	refused("a=%4g", FORM, CHARACTER, 4);
	refused("a=%4", FORM, CHARACTER, 4);
}

static void
test_url(void)
{
	hostile = "a z/?#&..\\%@:-._~\xc3\xa9";
	renders("https://h.example:8443/a{x}/b?c={x}{nothing}&{x}", OTP_FORMAT_URL,
			"https://h.example:8443/aa%20z%2F%3F%23%26..%5C%25%40%3A-._~%C3%A9/b?"
			"c=a%20z%2F%3F%23%26..%5C%25%40%3A-._~%C3%A9&a%20z%2F%3F%23%26..%5C%25%40%3A-._~%C3%A9");
	renders("http://h/{dot}/{dot}{b}", OTP_FORMAT_URL, "http://h/%2E/%2Eb");
	hostile = "..";
	renders("http://h/{x}?{x}", OTP_FORMAT_URL, "http://h/%2E%2E?%2E%2E");
	hostile = "...";
	renders("http://h?{x}", OTP_FORMAT_URL, "http://h?...");
	allowed("smtp://mail.example:587", URL);
	allowed("http://h/{x}.json/.a{x}/../{x}", URL);
	refused("{x}://h/", URL, PLACE, 0);
	refused("http:{x}", URL, PLACE, 5);
	refused("http:/{x}", URL, PLACE, 6);
	refused("http://{x}/", URL, PLACE, 7);
	refused("http://h{x}/", URL, PLACE, 8);
	refused("http://h:1{x}/", URL, PLACE, 10);
	refused("http:///{x}", URL, CHARACTER, 7);
	refused("http://?{x}", URL, CHARACTER, 7);
	refused("http://", URL, CHARACTER, 7);
	refused("http", URL, CHARACTER, 4);
	refused("", URL, CHARACTER, 0);
	refused("/a/{x}", URL, CHARACTER, 0);
	refused("://h/", URL, CHARACTER, 0);
	refused("mailto:a@b", URL, CHARACTER, 7);
	refused("http://h/#a", URL, CHARACTER, 9);
	refused("http://h\\{x}", URL, CHARACTER, 8);
	refused("http://h/a b", URL, CHARACTER, 10);
	refused("http://h/\xc3\xa9", URL, CHARACTER, 9);
	refused("http://h/%{x}", URL, PLACE, 10);
	refused("http://h/%2{x}", URL, PLACE, 11);
	refused("http://h/%zz", URL, CHARACTER, 10);
	refused("http://h/a%2", URL, CHARACTER, 12);
	refused("http://h/.{x}/", URL, PLACE, 13);
	refused("http://h/{x}.?", URL, PLACE, 13);
	refused("http://h/{x}.{x}", URL, PLACE, 16);
}

static void
test_header(void)
{
	hostile = "a\r\nB: c\t\x7f\xc3\xa9~";
	renders("X-A!: {x} \t{code}{nothing}", OTP_FORMAT_HEADER, "X-A!: aB: c~ \t049213");
	allowed("X:", HEADER);
	refused("X{x}: a", HEADER, PLACE, 1);
	refused("{x}", HEADER, PLACE, 0);
	refused("X", HEADER, CHARACTER, 1);
	refused("", HEADER, CHARACTER, 0);
	refused(": a", HEADER, CHARACTER, 0);
	refused("X : a", HEADER, CHARACTER, 1);
	refused("X/Y: a", HEADER, CHARACTER, 1);
	refused("X: a\r\nB: c", HEADER, CHARACTER, 4);
	refused("X: \xc3\xa9", HEADER, CHARACTER, 3);
	refused("X: \x7f", HEADER, CHARACTER, 3);
}

static bool
has(const char *body, OtpTemplateFormat format, const char *name)
{
	return otp_template_has(body, strlen(body), format, name);
}

static void
test_has(void)
{
	ok(has("a {b} {code}", OTP_FORMAT_PLAIN, "code"), "a placeholder that is used");
	ok(!has("a {codes} {{code}} code", OTP_FORMAT_PLAIN, "code"), "and one that is not");
	ok(!has("{c}", OTP_FORMAT_PLAIN, "code"), "nor is one whose name begins like it");
	ok(!has("{code}", OTP_FORMAT_JSON, "code"), "JSON outside of strings has none");
	ok(has("{\"a\": \"{code}\"}", OTP_FORMAT_JSON, "code"), "in a string it has");
}

/* Every byte as a value, in every format: what comes out has none of the format's own signs. */
static void
test_bytes(void)
{
	static const struct
	{
		const char *before;
		const char *after;
		const char *signs;
		bool		ascii;
	}			formats[] = {
		[OTP_FORMAT_PLAIN] = {"", "", "\r\x1b\x7f", false},
		[OTP_FORMAT_HTML] = {"<a b=\"", "\">", "<>\"'", false},
		[OTP_FORMAT_SSML] = {"<a b='", "'>", "<>\"'\x01", false},
		[OTP_FORMAT_JSON] = {"\"a", "\"", "\x01\n\x1f", false},
		[OTP_FORMAT_FORM] = {"a=", "&b=", "&= ;#", true},
		[OTP_FORMAT_URL] = {"http://h/", "?", "/?#&=+;:@\\ ", true},
		[OTP_FORMAT_HEADER] = {"a:", "", "\t", true},
	};

	for (int format = OTP_FORMAT_PLAIN; format <= OTP_FORMAT_HEADER; format++)
	{
		const char *before = formats[format].before;
		size_t		rest = strlen(formats[format].after);
		bool		right = true;

		for (int c = 1; c < 256; c++)
		{
			char		value[] = {(char) c, '\0'};
			char		body[64];
			char		got[64] = "";

			hostile = value;
			snprintf(body, sizeof(body), "%s{x}%s", before, formats[format].after);
			otp_template_render(body, strlen(body), format, lookup, NULL, keep, got);
			got[strlen(got) - rest] = '\0';
			right &= strpbrk(got + strlen(before), formats[format].signs) == NULL;
			for (const char *g = got; formats[format].ascii && *g; g++)
				right &= *g >= ' ' && *g < 0x7f;
		}
		ok(right, "format %d: every byte stays a value", format);
	}
}

int
main(void)
{
	test_syntax();
	test_lines();
	test_html();
	test_ssml();
	test_json();
	test_form();
	test_url();
	test_header();
	test_has();
	test_bytes();
	return done_testing();
}
