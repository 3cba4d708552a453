/*
 * duty.c
 *		Duties: which functions and views each of them takes.
 */
#include "compat.h"

#include "duty.h"

/* What an application calls; no table. */
static const char *const application_functions[] = {
	"otp_issue(pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_issue(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_resend(pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_resend(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_verify(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_attempt(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_cancel(pg_catalog.text, pg_catalog.text)",
	"otp_enroll(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, %1$s.otp_secret, pg_catalog.text, pg_catalog.int8, pg_catalog.int4)",
	"otp_confirm(pg_catalog.text, pg_catalog.text, pg_catalog.int8)",
	"otp_credentials(pg_catalog.text)",
	"otp_revoke(pg_catalog.text, pg_catalog.int8)",
	"otp_resync(pg_catalog.text, pg_catalog.int8, pg_catalog.text, pg_catalog.text)",
	"otp_recovery_codes(pg_catalog.text, pg_catalog.int4)",
	"otp_recovery_left(pg_catalog.text)",
	"otp_self_unlock(pg_catalog.text, pg_catalog._text, pg_catalog.text)",
	"otp_send(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_send(pg_catalog.text, pg_catalog._text, pg_catalog._text, pg_catalog._interval, pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_send_again(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.bool)",
	"otp_send_push(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_verify_push(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_deny_push(pg_catalog.text, pg_catalog.text)",
	"otp_receipt(pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	NULL
};

/* What an operator calls. */
static const char *const operator_functions[] = {
	"otp_unlock(pg_catalog.text)",
	"otp_status(pg_catalog.text)",
	"otp_revoke(pg_catalog.text, pg_catalog.int8)",
	"otp_forget(pg_catalog.text)",
	"otp_purge(pg_catalog.interval, pg_catalog.int4)",
	"otp_import_pskc(pg_catalog.text, pg_catalog.bytea, pg_catalog.text, pg_catalog.jsonb)",
	"otp_import_csv(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb)",
	"otp_export(pg_catalog.text)",
	NULL
};

/* Whoever exchanges keys. */
static const char *const keyholder_functions[] = {
	"otp_rotate_key()",
	"otp_rekey(pg_catalog.int4)",
	"otp_rewrap_master()",
	"otp_channel_secret(pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	NULL
};

/* Whoever carries messages. */
static const char *const relay_functions[] = {
	"otp_claim(pg_catalog.text, pg_catalog.int4, pg_catalog.interval, pg_catalog._text)",
	"otp_delivered(pg_catalog.int8, pg_catalog.int4, pg_catalog.text)",
	"otp_delivered(pg_catalog._int8, pg_catalog._int4, pg_catalog._text)",
	"otp_failed(pg_catalog.int8, pg_catalog.int4, pg_catalog.text, pg_catalog.bool, pg_catalog.interval)",
	"otp_receipt(pg_catalog.text, pg_catalog.text, pg_catalog.text)",
	"otp_next_due(pg_catalog._text)",
	"otp_channel_status()",
	NULL
};
static const char *const relay_views[] = {
	"otp_delivery",
	NULL
};

/* Who looks on. */
static const char *const auditor_functions[] = {
	"otp_policy_audit(pg_catalog.text)",
	"otp_norm(pg_catalog.text)",	/* the views call it as their reader */
	NULL
};
static const char *const auditor_views[] = {
	"otp_activity",
	"otp_stats",
	"otp_keys",
	"otp_authenticators",
	"otp_policy_effective",
	"otp_presets",
	"otp_delivery",
	NULL
};

static const char *const keyholder_views[] = {
	"otp_keys",
	NULL
};

static const char *const no_views[] = {NULL};

const OtpDuty otp_duties[OTP_DUTY_COUNT] = {
	{"application", application_functions, no_views},
	{"operator", operator_functions, no_views},
	{"auditor", auditor_functions, auditor_views},
	{"keyholder", keyholder_functions, keyholder_views},
	{"relay", relay_functions, relay_views},
};

const OtpDuty *
otp_duty_by_name(const char *name)
{
	for (int i = 0; i < OTP_DUTY_COUNT; i++)
		if (strcmp(otp_duties[i].name, name) == 0)
			return &otp_duties[i];
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("unknown duty \"%s\"", name),
			errhint("Use \"application\", \"operator\", \"auditor\", \"keyholder\" or \"relay\"."));
}

static bool
is_among(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

bool
otp_duty_takes(const OtpDuty *duty, const char *name)
{
	return is_among(duty->functions, name) || is_among(duty->views, name);
}

bool
otp_duty_shares(const OtpDuty *duty, const char *name)
{
	for (int i = 0; i < OTP_DUTY_COUNT; i++)
		if (&otp_duties[i] != duty && otp_duty_takes(&otp_duties[i], name))
			return true;
	return false;
}
