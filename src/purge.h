/*
 * purge.h
 *		How long otp_purge() keeps the trail, whatever it is told.
 */
#ifndef OTP_PURGE_H
#define OTP_PURGE_H

#include "postgres.h"

#include "datatype/timestamp.h"

#define MINUTES_PER_DAY	(HOURS_PER_DAY * MINS_PER_HOUR)

/* Norms want 12 months, and some have 366 days. */
#define OTP_TRAIL_KEEP_DEFAULT	(366 * MINUTES_PER_DAY)

/* No purge removes what an earlier one of the same day has left to be seen, its own record above all. */
#define OTP_TRAIL_KEEP_MIN		MINUTES_PER_DAY

/* Setting otp.trail_keep, in minutes. */
extern int	otp_trail_keep;

#endif							/* OTP_PURGE_H */
