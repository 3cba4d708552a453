/*
 * issue_window.c
 *		How many codes were handed out in the window that ends now.
 *
 * The window is cut into seven slots, and an eighth has begun: what all eight have counted is at least
 * what was handed out in the window that ends now, so no window of that length sees more than is allowed.
 */
#include "compat.h"

#include "issue_window.h"

/* the slots of a window but the one that has begun */
#define WHOLE_SLOTS	(OTP_QUOTA_SLOTS - 1)

int64
otp_window_sum(const OtpQuota *quota)
{
	int64		issues = 0;

	for (int i = 0; i < OTP_QUOTA_SLOTS; i++)
		issues += quota->issues[i];
	return issues;
}

/* A clock that went back drops nothing. */
void
otp_window_advance(OtpQuota *quota, TimestampTz now)
{
	int64		slot = now / quota->width;

	for (int i = 0; i < OTP_QUOTA_SLOTS && quota->slot < slot; i++)
		quota->issues[++quota->slot % OTP_QUOTA_SLOTS] = 0;
	quota->slot = Max(quota->slot, slot);
}

void
otp_window_begin(OtpQuota *quota, int64 window, TimestampTz now)
{
	int64		width = (window + WHOLE_SLOTS - 1) / WHOLE_SLOTS;
	OtpQuota	fresh = {now / width, width};

	if (quota->width != 0)
	{
		otp_window_advance(quota, now);
		if (quota->width == width)
			return;
		fresh.issues[fresh.slot % OTP_QUOTA_SLOTS] = (int32) otp_window_sum(quota);
	}
	*quota = fresh;
}

void
otp_window_count(OtpQuota *quota)
{
	quota->issues[quota->slot % OTP_QUOTA_SLOTS]++;
}

TimestampTz
otp_window_next_at(const OtpQuota *quota, int max)
{
	int64		issues = otp_window_sum(quota);
	int64		slot = quota->slot - WHOLE_SLOTS;

	if (issues < max)
		return 0;
	while ((issues -= quota->issues[slot % OTP_QUOTA_SLOTS]) >= max)
		slot++;
	return (slot + OTP_QUOTA_SLOTS) * quota->width;
}

bool
otp_window_is_over(const OtpQuota *quota, TimestampTz now)
{
	return now / quota->width >= quota->slot + OTP_QUOTA_SLOTS;
}
