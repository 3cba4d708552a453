/*
 * claim.h
 *		Takes messages that are due, and asks when the next ones are.
 */
#ifndef OTP_RELAY_CLAIM_H
#define OTP_RELAY_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

extern void claim_open(const Options *options);
extern void claim_wake(void);
extern void claim_ask_when(void);
extern bool claim_is_wanted(void);
extern bool claim_has_worked(void);
extern bool claim_is_refused(void);
extern void claim_ask(int room);
extern void claim_step(void);
extern int64_t claim_until(void);
extern bool claim_found_nothing(void);
extern bool claim_is_asked(void);
extern bool claim_has_failed(void);
extern int64_t claim_lease_ms(void);

#endif							/* OTP_RELAY_CLAIM_H */
