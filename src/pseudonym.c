/*
 * pseudonym.c
 *		What a forgotten user is known by.
 */
#include "compat.h"

#include "access/table.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "args.h"
#include "core/derive.h"
#include "errors.h"
#include "keyring.h"
#include "pseudonym.h"
#include "store/key.h"
#include "store/relation.h"

int32
otp_pseudonym_key_id(const text *user)
{
	const char *id = text_to_cstring(user);
	char	   *end;
	long		key_id;

	/* No user has such an id: see args.c. */
	if (strncmp(id, OTP_PSEUDONYM_PREFIX, strlen(OTP_PSEUDONYM_PREFIX)) != 0)
		return 0;
	errno = 0;
	key_id = strtol(id + strlen(OTP_PSEUDONYM_PREFIX), &end, 10);
	return errno == 0 && *end == ':' && key_id > 0 && key_id <= PG_INT32_MAX ? (int32) key_id : 0;
}

static text *
make_pseudonym(const OtpDataKey *key, const text *user)
{
	OtpBytes	bytes = {VARDATA_ANY(user), VARSIZE_ANY_EXHDR(user)};
	uint8		pseudonym[OTP_PSEUDONYM_SIZE];
	char		hex[2 * OTP_PSEUDONYM_SIZE + 1];

	if (!otp_derive_pseudonym(key->derive, bytes, pseudonym))
		otp_openssl_error("derive a pseudonym");
	hex_encode((const char *) pseudonym, sizeof(pseudonym), hex);
	hex[sizeof(hex) - 1] = '\0';
	return cstring_to_text(psprintf(OTP_PSEUDONYM_PREFIX "%d:%s", key->id, hex));
}

const text *
otp_pseudonym_make(const text *user)
{
	int32		key_id = otp_writing_key()->id;

	otp_key_check_committed(key_id);
	return make_pseudonym(otp_data_key(key_id), user);
}

/* The data keys under which a user may be known; returns how many, and *ids. */
static int
fetch_key_ids(Relation keys, int32 **ids)
{
	Snapshot	snapshot = otp_snapshot_now();
	OtpKeyRow  *rows;
	int			count = otp_key_fetch_all(keys, snapshot, &rows);

	UnregisterSnapshot(snapshot);
	*ids = palloc(count * sizeof(int32));
	for (int i = 0; i < count; i++)
		(*ids)[i] = rows[i].id;
	return count;
}

void
otp_pseudonyms_prepare(Relation *keys)
{
	int32	   *ids;
	int			count;

	if (*keys == NULL)
		*keys = otp_table_open(OTP_TABLE_KEY, NULL, AccessShareLock);
	count = fetch_key_ids(*keys, &ids);
	otp_data_keys_fetch(ids, count);
}

void
otp_pseudonyms_end(Relation keys)
{
	if (keys != NULL)
		table_close(keys, NoLock);
}

bool
otp_pseudonyms_list(Relation keys, const text *user, List **pseudonyms)
{
	int32	   *ids;
	int			count = fetch_key_ids(keys, &ids);

	*pseudonyms = NIL;
	for (int i = 0; i < count; i++)
	{
		const OtpDataKey *key = otp_data_key_at_hand(ids[i]);

		if (key == NULL)
			return false;
		*pseudonyms = lappend(*pseudonyms, make_pseudonym(key, user));
	}
	return true;
}
