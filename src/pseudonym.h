/*
 * pseudonym.h
 *		What a forgotten user is known by.
 *
 * What the limits still need of him stays under a keyed pseudonym, "forgotten:KEY:HEX", where KEY is the id of a data
 * key.  If the same user comes again, he goes on with it.
 */
#ifndef OTP_PSEUDONYM_H
#define OTP_PSEUDONYM_H

#include "compat.h"

#include "nodes/pg_list.h"
#include "utils/rel.h"

/*
 * The pseudonym of a user from now on, under the writing key.  The caller has opened the tables that he writes it to, so
 * that the key cannot be dropped.  Errors as of otp_writing_key(); 55000 if this very transaction has made the key.
 */
extern const text *otp_pseudonym_make(const text *user);

/*
 * Makes ready to ask for the pseudonyms that a user may have: opens otp_key, unless *keys is open already, and has the
 * data keys at hand.  May run a command and wait: the caller holds no lock of ours.
 */
extern void otp_pseudonyms_prepare(Relation *keys);

/* Closes it; nothing if it is NULL. */
extern void otp_pseudonyms_end(Relation keys);

/*
 * The pseudonyms that a user may have, as text.  Waits for nothing; false if a data key is not at hand:
 * otp_pseudonyms_prepare() again then.
 */
extern bool otp_pseudonyms_list(Relation keys, const text *user, List **pseudonyms);

/* The data key of a pseudonym; 0 if the user id is none. */
extern int32 otp_pseudonym_key_id(const text *user);

#endif							/* OTP_PSEUDONYM_H */
