/*
 * channel.h
 *		The channels that messages have come for, and what waits for each of them.
 */
#ifndef OTP_RELAY_CHANNEL_H
#define OTP_RELAY_CHANNEL_H

#include "message.h"
#include "text.h"

extern void channel_set_default_cap(int cap);
extern Channel *channel_first(void);
extern void channel_put(Message *message);
extern Message *channel_take(Channel *channel);
extern bool channel_finished(Channel *channel, int64_t now);
extern void channel_skip_list(Text *list);
extern bool channel_is_any_full(void);
extern int	channel_load(void);
extern int	channel_room(void);
extern void channel_close(void);

#endif							/* OTP_RELAY_CHANNEL_H */
