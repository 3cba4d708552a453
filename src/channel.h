/*
 * channel.h
 *		Table otp_channel: by what way a message goes.
 */
#ifndef OTP_CHANNEL_H
#define OTP_CHANNEL_H

#include "compat.h"

#include "core/template.h"
#include "owner_query.h"
#include "quota.h"

/* bytes of a channel's name, at most */
#define OTP_CHANNEL_MAX	63

/* A row.  Texts and arrays are NULL if null. */
typedef struct OtpChannel
{
	const text *name;
	const char *kind;
	const char *transport;
	const text *url;
	const text *method;
	Datum		headers;		/* text[], or 0 */
	const text *body;
	Datum		accept_status;	/* integer[], or 0 */
	Datum		retry_status;
	const text *accept_path;
	Datum		accept_values;	/* text[], or 0 */
	const text *retry_path;
	Datum		retry_values;	/* text[], or 0 */
	const text *id_path;
	const text *sender;
	const text *sender_name;
	const text *app;
	const text *domain;
	bool		allow_plaintext;
	const text *ca_file;
	double		per_second;		/* 0: any number */
	int			max_in_flight;	/* 0: as the relay has it */
	int			timeout;		/* seconds, rounded up */
	int64		window;			/* microseconds, of the next two */
	int			per_destination;	/* 0: any number */
	int			per_prefix;
	int			prefix_length;	/* characters */
} OtpChannel;

/* Bytes of an URL up to the end of its authority: whom credentials go to. */
extern size_t otp_channel_origin_length(const char *url);

/* By which escaping placeholders of its body are filled in: by the header Content-Type. */
extern OtpTemplateFormat otp_channel_body_format(Datum headers);

/* Reads a row; false if there is none.  Within otp_owner_begin(). */
extern bool otp_channel_fetch(const OtpOwner *owner, const text *name, OtpChannel *channel);

/* The same; 22023 if there is none. */
extern void otp_channel_get(const OtpOwner *owner, const text *name, OtpChannel *channel);

/* How many messages it may take to a destination, of which that is the name and place to go. */
extern void otp_channel_caps(OtpChannelCaps *caps, const OtpChannel *channel, const text *name,
							 const text *destination);

#endif							/* OTP_CHANNEL_H */
