/*
 * norm.c
 *		The norms that otp_policy_preset() and otp_policy_audit() know by name.
 */
#include "compat.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

static const struct
{
	const char *name;
	const char *title;
}			norms[] = {
	{"nist-800-63b", "NIST SP 800-63B"},
	{"pci-dss-4", "PCI DSS 4.0"},
	{"psd2", "PSD2, Delegated Regulation (EU) 2018/389"},
	{"asvs-5-l2", "OWASP ASVS 5.0, level 2"},
};

/* Their names, for a hint. */
static const char *
names(void)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < lengthof(norms); i++)
		appendStringInfo(&list, "%s\"%s\"",
						 i == 0 ? "" : i < lengthof(norms) - 1 ? ", " : " or ", norms[i].name);
	return list.data;
}

/*
 * otp_norm(name text) → text
 */
PG_FUNCTION_INFO_V1(otp_norm);
Datum
otp_norm(PG_FUNCTION_ARGS)
{
	const char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	for (int i = 0; i < lengthof(norms); i++)
		if (strcmp(norms[i].name, name) == 0)
			PG_RETURN_TEXT_P(cstring_to_text(norms[i].title));
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("unknown preset \"%s\"", name),
			errhint("Use %s.", names()));
}
