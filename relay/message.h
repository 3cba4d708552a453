/*
 * message.h
 *		A message that was taken, and its channel.
 */
#ifndef OTP_RELAY_MESSAGE_H
#define OTP_RELAY_MESSAGE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What otp_claim() gives, each as the text that the relay wants: a name here, and its expression. The body
 * alone is bytes.
 */
#define MESSAGE_FIELDS(F) \
	F(ID, "message_id::text") \
	F(LEASE, "lease::text") \
	F(CHANNEL, "channel") \
	F(TRANSPORT, "transport") \
	F(URL, "url") \
	F(METHOD, "method") \
	F(HEADERS, "array_to_string(headers, E'\\n')") \
	F(BODY, "body") \
	F(SENDER, "sender") \
	F(SENDER_NAME, "sender_name") \
	F(DESTINATION, "destination") \
	F(SUBJECT, "subject") \
	F(PLAIN, "plain") \
	F(HTML, "html") \
	F(USERNAME, "username") \
	F(PASSWORD, "password") \
	F(ALLOW_PLAINTEXT, "allow_plaintext::text") \
	F(CA_FILE, "ca_file") \
	F(ACCEPT_STATUS, "array_to_string(accept_status, ',')") \
	F(RETRY_STATUS, "array_to_string(retry_status, ',')") \
	F(ACCEPT_PATH, "accept_path") \
	F(ACCEPT_VALUES, "to_json(accept_values)::text") \
	F(RETRY_PATH, "retry_path") \
	F(RETRY_VALUES, "to_json(retry_values)::text") \
	F(ID_PATH, "id_path") \
	F(KEY, "idempotency_key::text") \
	F(LIFE, "trunc(1000 * extract(epoch FROM expires_at - clock_timestamp()))::bigint::text") \
	F(MAX_IN_FLIGHT, "max_in_flight::text") \
	F(TIMEOUT, "timeout::text")

typedef enum MessageField
{
#define F(name, expression) FIELD_##name,
	MESSAGE_FIELDS(F)
#undef F
	FIELD_COUNT
} MessageField;

struct Message;

typedef struct Channel
{
	struct Channel *next;
	char	   *name;
	int			cap;
	int			in_flight;
	int			ahead;			/* how many may wait beyond the cap */
	int			finished;		/* since then */
	int64_t		finished_since;
	int			waiting;		/* taken, and not begun */
	struct Message *first;		/* of those */
	struct Message *last;
	bool		full;			/* nothing is taken for it until there is some room again */
} Channel;

/* Times are those of clock_ms(). */
typedef struct Message
{
	struct Message *next;
	Channel    *channel;
	int64_t		id;
	int			lease;
	int64_t		lease_began;
	int64_t		lease_ends;
	int64_t		expires;
	int			timeout;		/* seconds */
	bool		is_smtp;		/* else http: the channel's row may say something else for the next one */
	bool		allow_plaintext;
	const char *field[FIELD_COUNT]; /* NULL where the database has NULL */
	size_t		length[FIELD_COUNT];
	char	   *memory;			/* that all of them stand in */
} Message;

extern Message *message_from_row(const PGresult *result, int row);
extern void message_free(Message *message);

#endif							/* OTP_RELAY_MESSAGE_H */
