/*
 * channel_secret.c
 *		Table otp_channel_secret: the credentials of channels, sealed.
 *
 * Each is bound to its channel, its name and whom the channel's URL sends it to: whoever may change the
 * URL, but has not the credential, cannot have it sent to himself.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "args.h"
#include "channel_secret.h"
#include "core/secure.h"
#include "errors.h"
#include "private_call.h"
#include "seal.h"
#include "store/relation.h"
#include "subtransaction.h"
#include "utf8.h"

/* bytes of a credential's name, at most */
#define NAME_MAX_BYTES	63

typedef struct Secret
{
	char	   *name;
	char	   *value;			/* UTF-8, no zero byte */
	size_t		length;
} Secret;

static OtpQuery set_query = {
	"INSERT INTO @.otp_channel_secret AS s (key_id, channel, name, sealed) VALUES ($1, $2, $3, $4)"
	" ON CONFLICT (channel, name) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed",
	4, {INT4OID, TEXTOID, TEXTOID, BYTEAOID}
};
static OtpQuery remove_query = {
	"DELETE FROM @.otp_channel_secret WHERE channel = $1 AND name = $2",
	2, {TEXTOID, TEXTOID}
};
static OtpQuery remove_all_query = {
	"DELETE FROM @.otp_channel_secret WHERE channel = $1 OR $1 IS NULL",
	1, {TEXTOID}
};
static OtpQuery exist_query = {
	"SELECT FROM @.otp_channel_secret WHERE channel = $1 LIMIT 1",
	1, {TEXTOID}
};
/* As a foreign key does: whoever deletes or renames the channel waits for us, or we for him. */
static OtpQuery hold_channel_query = {
	"SELECT FROM @.otp_channel WHERE name = $1 FOR KEY SHARE",
	1, {TEXTOID}
};
static OtpQuery all_query = {
	"SELECT key_id, channel, name, sealed FROM @.otp_channel_secret WHERE channel = $1 ORDER BY name",
	1, {TEXTOID}
};
static OtpQuery other_keys_query = {
	"SELECT key_id, channel, name, sealed FROM @.otp_channel_secret"
	" WHERE key_id <> $1 FOR UPDATE SKIP LOCKED",
	1, {INT4OID}
};
static OtpQuery left_query = {
	"SELECT count(*) FROM @.otp_channel_secret WHERE key_id <> $1",
	1, {INT4OID}
};

int32
otp_channel_secret_key_id(HeapTuple tuple)
{
	/* the first column */
	return *(int32 *) GETSTRUCT(tuple);
}

static void
write_row(const OtpOwner *owner, int32 key_id, const text *channel, const text *name,
		  const bytea *sealed)
{
	Datum		values[] = {
		Int32GetDatum(key_id), PointerGetDatum(channel), PointerGetDatum(name),
		PointerGetDatum(sealed)
	};

	(void) otp_query_run(owner, &set_query, values, NULL);
}

/* What a credential is bound to: the table, the channel, the name, and whom the URL leads to. */
static void
identify(StringInfo identity, const OtpChannel *channel, const char *name)
{
	const char *url = text_to_cstring(channel->url);

	initStringInfo(identity);
	appendBinaryStringInfo(identity, "otp_channel_secret", sizeof("otp_channel_secret"));
	appendStringInfoString(identity, text_to_cstring(channel->name));
	appendStringInfoChar(identity, '\0');
	appendStringInfoString(identity, name);
	appendStringInfoChar(identity, '\0');
	appendBinaryStringInfo(identity, url, otp_channel_origin_length(url));
}

static bytea *
seal(const OtpDataKey *key, const OtpChannel *channel, const char *name, const void *value,
	 size_t length)
{
	StringInfoData identity;
	bytea	   *sealed = palloc(VARHDRSZ + length + OTP_SEAL_OVERHEAD);

	identify(&identity, channel, name);
	SET_VARSIZE(sealed, VARHDRSZ + length + OTP_SEAL_OVERHEAD);
	otp_seal_value(key, (uint8 *) identity.data, identity.len, value, length,
				   (uint8 *) VARDATA(sealed));
	return sealed;
}

/* A row; what it points to is SPI's. */
typedef struct Row
{
	int32		key_id;
	const text *channel;
	const text *name;
	bytea	   *sealed;
} Row;

static void
read_row(uint64 i, Row *row)
{
	row->key_id = DatumGetInt32(otp_query_value(i, 1, NULL));
	row->channel = otp_query_text(i, 2);
	row->name = otp_query_text(i, 3);
	row->sealed = DatumGetByteaPP(otp_query_value(i, 4, NULL));
}

/* false if it does not open. */
static bool
open_row(const Row *row, const OtpChannel *channel, Secret *secret)
{
	const OtpDataKey *key;
	size_t		length = VARSIZE_ANY_EXHDR(row->sealed);
	StringInfoData identity;

	secret->name = text_to_cstring(row->name);
	key = otp_data_key(row->key_id);
	if (length < OTP_SEAL_OVERHEAD)
		return false;
	identify(&identity, channel, secret->name);
	secret->length = length - OTP_SEAL_OVERHEAD;
	secret->value = palloc(secret->length + 1);
	return otp_open_value(key, (uint8 *) identity.data, identity.len,
						  (uint8 *) VARDATA_ANY(row->sealed), length, (uint8 *) secret->value);
}

/* A row that is to be opened. */
typedef struct Opening
{
	Row			row;
	const OtpChannel *channel;
	Secret	   *secret;
	bool		done;
} Opening;

static void
try_to_open(void *argument)
{
	Opening    *opening = argument;

	opening->done = open_row(&opening->row, opening->channel, opening->secret);
}

void
otp_channel_secrets_open(const OtpOwner *owner, const OtpChannel *channel,
						 OtpChannelSecrets *secrets)
{
	Datum		values[] = {PointerGetDatum(channel->name)};
	uint64		n = otp_query_run(owner, &all_query, values, NULL);

	*secrets = (OtpChannelSecrets) {0};
	for (uint64 i = 0; i < n; i++)
	{
		Opening		opening = {.channel = channel,.secret = palloc0(sizeof(Secret))};
		int			sqlstate;

		read_row(i, &opening.row);
		/* One whose data key is gone is as bad as one that does not open. */
		if (otp_subtransaction(try_to_open, &opening, &sqlstate) && opening.done)
			secrets->secrets = lappend(secrets->secrets, opening.secret);
		else if (secrets->damaged == NULL)
			secrets->damaged = opening.secret->name;
	}
}

OtpTemplateValue
otp_channel_secrets_get(const OtpChannelSecrets *secrets, const char *name, size_t length)
{
	OtpTemplateValue none = {NULL};
	ListCell   *cell;

	foreach(cell, secrets->secrets)
	{
		Secret	   *secret = lfirst(cell);

		if (strlen(secret->name) == length && memcmp(secret->name, name, length) == 0)
			return (OtpTemplateValue) {secret->value, secret->length, false};
	}
	return none;
}

bool
otp_channel_secrets_exist(const OtpOwner *owner, const text *channel)
{
	Datum		values[] = {PointerGetDatum(channel)};

	return otp_query_run(owner, &exist_query, values, NULL) > 0;
}

void
otp_channel_secrets_remove(const OtpOwner *owner, const text *channel)
{
	Datum		values[] = {PointerGetDatum(channel)};

	(void) otp_query_run(owner, &remove_all_query, values, channel == NULL ? "n" : " ");
}

static void
hold_channel(const OtpOwner *owner, const text *channel)
{
	Datum		values[] = {PointerGetDatum(channel)};

	(void) otp_query_run(owner, &hold_channel_query, values, NULL);
}

void
otp_channel_secrets_wipe(OtpChannelSecrets *secrets)
{
	ListCell   *cell;

	foreach(cell, secrets->secrets)
	{
		Secret	   *secret = lfirst(cell);

		otp_wipe(secret->value, secret->length);
	}
	secrets->secrets = NIL;
}

/* A call of otp_channel_secret(). */
typedef struct Setting
{
	FunctionCallInfo fcinfo;
	OtpUtf8		value;			/* bytes NULL: none */
} Setting;

static void
check_name(const char *name)
{
	size_t		length = strlen(name);

	if (length < 1 || length > NAME_MAX_BYTES || name[0] < 'a' || name[0] > 'z' ||
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != length)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("invalid name of a credential"),
				errhint("Use 1 to %d lower-case letters, digits and underscores, as in {secret.%s}.",
						NAME_MAX_BYTES, "token"),
				otp_errprivate());
}

static void
take_value(Setting *setting)
{
	if (setting->fcinfo->args[2].isnull)
		return;
	setting->value = otp_to_utf8(DatumGetTextPP(setting->fcinfo->args[2].value));
	if (setting->value.length < 1 || setting->value.length > OTP_CHANNEL_SECRET_SIZE)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("a credential must have between 1 and %d bytes, not %zu",
					   OTP_CHANNEL_SECRET_SIZE, setting->value.length),
				otp_errprivate());
}

static void
set(void *argument)
{
	Setting    *setting = argument;
	const text *channel_name = otp_arg_text(setting->fcinfo, 0, "channel");
	const text *name = otp_arg_text(setting->fcinfo, 1, "name");
	Relation	rel;
	OtpOwner	owner;
	OtpChannel	channel;

	check_name(text_to_cstring(name));
	take_value(setting);
	/* The table first: once its lock is had, the writing key that is asked for then cannot be dropped. */
	rel = otp_table_open(OTP_TABLE_CHANNEL_SECRET, NULL, RowExclusiveLock);
	otp_owner_begin(&owner);
	hold_channel(&owner, channel_name);
	otp_channel_get(&owner, channel_name, &channel);
	if (setting->value.bytes == NULL)
	{
		Datum		values[] = {PointerGetDatum(channel_name), PointerGetDatum(name)};

		(void) otp_query_run(&owner, &remove_query, values, NULL);
	}
	else
	{
		const OtpDataKey *key = otp_writing_key();
		int32		key_id = key->id;

		write_row(&owner, key_id, channel_name, name,
				  seal(key, &channel, text_to_cstring(name), setting->value.bytes,
					   setting->value.length));
	}
	otp_owner_end(&owner);
	table_close(rel, NoLock);
}

/* The argument itself is the caller's, and a copy in UTF-8 is ours. */
static void
wipe_value(void *argument)
{
	Setting    *setting = argument;

	if (setting->value.bytes != NULL)
		otp_utf8_free(&setting->value);
}

/* otp_channel_secret(channel text, name text, value text) → void */
PG_FUNCTION_INFO_V1(otp_channel_secret);
Datum
otp_channel_secret(PG_FUNCTION_ARGS)
{
	Setting		setting = {.fcinfo = fcinfo};

	otp_require_writable("otp_channel_secret()");
	otp_private_call(set, wipe_value, &setting);
	PG_RETURN_VOID();
}

/* Under the writing key; false if it does not open, which is for whoever needs it to say. */
static bool
reseal(const OtpOwner *owner, const Row *row, int32 writing_id)
{
	OtpChannel	channel;
	Secret		secret = {0};
	bytea	   *sealed;

	if (!otp_channel_fetch(owner, row->channel, &channel) || !open_row(row, &channel, &secret))
		return false;
	PG_TRY();
	{
		sealed = seal(otp_data_key(writing_id), &channel, secret.name, secret.value, secret.length);
	}
	PG_FINALLY();
	{
		otp_wipe(secret.value, secret.length);
	}
	PG_END_TRY();
	write_row(owner, writing_id, row->channel, row->name, sealed);
	return true;
}

int64
otp_channel_secrets_rekey(int32 writing_id, int *batch)
{
	OtpOwner	owner;
	Datum		values[] = {Int32GetDatum(writing_id)};
	Row		   *rows;
	uint64		n;
	int64		left;

	otp_owner_begin(&owner);
	n = otp_query_run(&owner, &other_keys_query, values, NULL);
	rows = palloc(n * sizeof(Row) + 1);
	for (uint64 i = 0; i < n; i++)
		read_row(i, &rows[i]);
	/* What does not open takes nobody's place. */
	for (uint64 i = 0; i < n && *batch > 0; i++)
		*batch -= reseal(&owner, &rows[i], writing_id);
	(void) otp_query_run(&owner, &left_query, values, NULL);
	left = DatumGetInt64(otp_query_value(0, 1, NULL));
	otp_owner_end(&owner);
	return left;
}
