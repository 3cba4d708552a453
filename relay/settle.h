/*
 * settle.h
 *		Tells the database what came of tries.
 */
#ifndef OTP_RELAY_SETTLE_H
#define OTP_RELAY_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "outcome.h"

extern void settle_add(int64_t id, int lease, const Outcome *outcome);
extern bool settle_is_pending(void);
extern int	settle_count(void);
extern bool settle_renew(int64_t id, int lease);
extern void settle_ask(void);

/* What could not be settled is told again after a while. */
extern void settle_step(void);
extern int64_t settle_until(void);

extern void settle_close(void);

#endif							/* OTP_RELAY_SETTLE_H */
