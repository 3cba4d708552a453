/*
 * event.h
 *		Table otp_event: the trail.
 *
 * It is for people; no limit reads it.  No code and no secret is in it.
 */
#ifndef OTP_STORE_EVENT_H
#define OTP_STORE_EVENT_H

#include "compat.h"

#include "access/htup.h"
#include "datatype/timestamp.h"
#include "utils/rel.h"

typedef struct OtpEvent
{
	TimestampTz at;
	const text *user;
	const text *purpose;
	const char *event;			/* issued, accepted, rejected, imported … */
	const char *reason;			/* of a verdict or a purge, or NULL */
	const char *method;			/* of a verdict, or NULL */
} OtpEvent;

/*
 * Writes a row, with who and whence of this session: as part of the transaction, or
 * permanently, unless an index of the table is being built concurrently (see permanent.c).
 * Returns whether the row is permanent.
 */
extern bool otp_event_insert(Relation rel, const OtpEvent *event, bool permanent);

/* Deletes all rows of a user with the transaction, reading the whole table; returns how many. */
extern int64 otp_event_remove_all(Relation rel, const text *user);

/* When a row was written. */
extern TimestampTz otp_event_at(Relation rel, HeapTuple tuple);

#endif							/* OTP_STORE_EVENT_H */
