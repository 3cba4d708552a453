/*
 * forgotten_quota.h
 *		How many codes were handed out to a user who has been forgotten.
 */
#ifndef OTP_FORGOTTEN_QUOTA_H
#define OTP_FORGOTTEN_QUOTA_H

#include "compat.h"

#include "datatype/timestamp.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

#include "store/quota.h"

/*
 * What is kept of a user's count under his pseudonyms, as of now; all zero if there is nothing.  `keys`: as of
 * otp_pseudonyms_prepare(), NULL if that has not been called; false then, and if a data key is not at hand.
 */
extern bool otp_quota_fetch_forgotten(Relation rel, Snapshot snapshot, Relation keys,
									  const OtpQuotaKey *key, TimestampTz now, OtpQuota *quota);

/*
 * Deletes the counts of a user when the transaction commits, and keeps those that have not left their window under the
 * pseudonym, permanently; returns how many rows.  Waits for whoever changes one: the caller holds no lock of ours.
 */
extern int64 otp_quota_forget(const text *user, const text *pseudonym);

#endif							/* OTP_FORGOTTEN_QUOTA_H */
