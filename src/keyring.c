/*
 * keyring.c
 *		The data keys of this database, unwrapped, in this session's memory.
 */
#include "compat.h"

#include "access/table.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "core/aead.h"
#include "core/secure.h"
#include "errors.h"
#include "keyring.h"
#include "master_key.h"
#include "store/key.h"
#include "store/relation.h"
#include "userlock.h"

/* the array of keys grows by so many */
#define KEY_ROOM	4

/* The unwrapped keys: an array in memory that lives as long as the session. */
static OtpDataKey *keys = NULL;
static int	key_count = 0;
static int	key_room = 0;

/* The id of the writing key; 0: not known. */
static int32 writing_id = 0;

/* Has otp_key changed since the keys were read? */
static bool stale = false;

static void
keys_changed(void)
{
	stale = true;
}

static void
forget_keys(void)
{
	for (int i = 0; i < key_count; i++)
	{
		otp_hmac_free(keys[i].derive);
		otp_aead_free(keys[i].sealing);
	}
	key_count = 0;
	writing_id = 0;
	stale = false;
}

/* What a wrapped key is bound to: two rows swapped do not open. */
static int
wrapping_ad(int32 id, char *ad, size_t size)
{
	return snprintf(ad, size, "otp_key:%d", id);
}

/* The subkey for codes and digests of guesses; NULL if OpenSSL failed. */
static OtpHmac *
derive_hmac(const uint8 *data_key)
{
	uint8		subkey[OTP_KEY_SIZE];
	OtpHmac    *hmac = otp_hmac_new(OTP_SHA256);

	if (hmac != NULL &&
		!(otp_subkey(data_key, "otp derivation of codes", subkey) &&
		  otp_hmac_key(hmac, subkey, sizeof(subkey))))
	{
		otp_hmac_free(hmac);
		hmac = NULL;
	}
	otp_wipe(subkey, sizeof(subkey));
	return hmac;
}

/* The subkey for sealing; NULL if OpenSSL failed. */
static OtpAead *
derive_aead(const uint8 *data_key)
{
	uint8		subkey[OTP_KEY_SIZE];
	OtpAead    *aead = NULL;

	if (otp_subkey(data_key, "otp sealing of secrets", subkey))
		aead = otp_aead_new(subkey);
	otp_wipe(subkey, sizeof(subkey));
	return aead;
}

/* Adds an unwrapped key to the ring. */
static void
add_key(int32 id, const uint8 *data_key)
{
	OtpDataKey	key = {id, derive_hmac(data_key), derive_aead(data_key)};

	if (key.derive == NULL || key.sealing == NULL)
	{
		otp_hmac_free(key.derive);
		otp_aead_free(key.sealing);
		otp_openssl_error("derive a subkey");
	}
	keys[key_count++] = key;
}

static void
make_room(void)
{
	if (key_count < key_room)
		return;
	if (keys == NULL)
		keys = MemoryContextAlloc(TopMemoryContext, KEY_ROOM * sizeof(OtpDataKey));
	else
		keys = repalloc(keys, (key_room + KEY_ROOM) * sizeof(OtpDataKey));
	key_room += KEY_ROOM;
}

void
otp_key_unwrap(const OtpKeyRow *row, uint8 data_key[OTP_KEY_SIZE])
{
	OtpMasterKey master;
	char		ad[32];
	int			ad_length = wrapping_ad(row->id, ad, sizeof(ad));
	OtpOpenStatus status;

	otp_master_key_find(&master, row->master_id);
	PG_TRY();
	{
		otp_master_key_check(&master, row->master_id, row->id);
	}
	PG_CATCH();
	{
		otp_wipe(master.wrapping, sizeof(master.wrapping));
		PG_RE_THROW();
	}
	PG_END_TRY();
	status = otp_open(master.wrapping, ad, ad_length, row->wrapped, OTP_WRAPPED_SIZE, data_key);
	otp_wipe(master.wrapping, sizeof(master.wrapping));
	if (status != OTP_OPEN_OK)
		ereport(ERROR,
				errcode(ERRCODE_OTP_SEALED_DAMAGED),
				errmsg("data key %d is damaged", row->id),
				errdetail("Its row in table \"otp_key\" does not open under the master key that it names."),
				otp_errprivate());
}

void
otp_key_wrap(OtpKeyRow *row, const OtpMasterKey *master, const uint8 data_key[OTP_KEY_SIZE])
{
	char		ad[32];
	int			ad_length = wrapping_ad(row->id, ad, sizeof(ad));

	strlcpy(row->master_id, master->id, sizeof(row->master_id));
	if (!otp_seal(master->wrapping, ad, ad_length, data_key, OTP_KEY_SIZE, row->wrapped))
		otp_openssl_error("wrap a data key");
}

void
otp_key_make(OtpKeyRow *row, int32 id, const OtpMasterKey *master)
{
	uint8		data_key[OTP_KEY_SIZE];

	row->id = id;
	row->writing = true;
	row->made_at = GetCurrentTimestamp();
	if (!pg_strong_random(data_key, sizeof(data_key)))
		otp_openssl_error("make a data key");
	PG_TRY();
	{
		otp_key_wrap(row, master, data_key);
	}
	PG_FINALLY();
	{
		otp_wipe(data_key, sizeof(data_key));
	}
	PG_END_TRY();
}

/* Unwraps a row and adds it to the ring. */
static void
unwrap(const OtpKeyRow *row)
{
	uint8		data_key[OTP_KEY_SIZE];

	make_room();
	otp_key_unwrap(row, data_key);
	PG_TRY();
	{
		add_key(row->id, data_key);
	}
	PG_FINALLY();
	{
		otp_wipe(data_key, sizeof(data_key));
	}
	PG_END_TRY();
}

/* Makes and inserts the first data key, or the first after all that wrote were dropped; the caller holds the keyring's lock. */
static void
make_first_key(Relation rel, OtpKeyRow *row)
{
	OtpMasterKey master;
	int32		id = otp_key_next_id(rel);

	otp_master_key_read(&master);
	PG_TRY();
	{
		otp_key_make(row, id, &master);
	}
	PG_FINALLY();
	{
		otp_wipe(master.wrapping, sizeof(master.wrapping));
	}
	PG_END_TRY();
	otp_key_insert_permanently(rel, row);
	CacheInvalidateRelcache(rel);
}

static bool
fetch_writing(Relation rel, OtpKeyRow *row)
{
	Snapshot	snapshot = otp_snapshot_now();
	bool		found = otp_key_fetch_writing(rel, snapshot, row);

	UnregisterSnapshot(snapshot);
	return found;
}

static int32
find_writing_key(void)
{
	Relation	rel = otp_table_open(OTP_TABLE_KEY, NULL, RowExclusiveLock);
	OtpKeyRow	row;
	LOCKTAG		lock;

	if (!fetch_writing(rel, &row))
	{
		otp_keyring_lock(&lock);
		if (!fetch_writing(rel, &row))
			make_first_key(rel, &row);
		otp_lock_release(&lock);
	}
	table_close(rel, NoLock);
	return row.id;
}

static void
load_key(int32 id)
{
	Relation	rel = otp_table_open(OTP_TABLE_KEY, NULL, AccessShareLock);
	Snapshot	snapshot = otp_snapshot_now();
	OtpKeyRow	row;

	if (!otp_key_fetch(rel, snapshot, id, &row))
		ereport(ERROR,
				errcode(ERRCODE_OTP_SEALED_DAMAGED),
				errmsg("data key %d is not in table \"otp_key\"", id),
				errhint("Restore its row: what it derived or sealed cannot be had without it."),
				otp_errprivate());
	UnregisterSnapshot(snapshot);
	table_close(rel, NoLock);
	unwrap(&row);
}

static void
refresh(void)
{
	static bool registered = false;

	if (!registered)
		otp_table_on_change(OTP_TABLE_KEY, keys_changed);
	registered = true;
	AcceptInvalidationMessages();
	if (stale)
		forget_keys();
}

static const OtpDataKey *
find_key(int32 id)
{
	for (int i = 0; i < key_count; i++)
		if (keys[i].id == id)
			return &keys[i];
	return NULL;
}

const OtpDataKey *
otp_data_key_at_hand(int32 id)
{
	return find_key(id);
}

const OtpDataKey *
otp_data_key(int32 id)
{
	const OtpDataKey *key;

	refresh();
	key = find_key(id);
	if (key != NULL)
		return key;
	load_key(id);
	return &keys[key_count - 1];
}

void
otp_data_keys_fetch(const int32 *ids, int count)
{
	refresh();
	for (int i = 0; i < count; i++)
		if (find_key(ids[i]) == NULL)
			load_key(ids[i]);
}

const OtpDataKey *
otp_writing_key(void)
{
	refresh();
	if (writing_id == 0)
		writing_id = find_writing_key();
	return otp_data_key(writing_id);
}

void
otp_key_check_committed(int32 id)
{
	Relation	rel = otp_table_open(OTP_TABLE_KEY, NULL, AccessShareLock);
	Snapshot	snapshot = otp_snapshot_now();
	OtpKeyRow	row;
	bool		found = otp_key_fetch(rel, snapshot, id, &row);

	UnregisterSnapshot(snapshot);
	table_close(rel, NoLock);
	if (!found || otp_table_is_own(row.tuple))
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("data key %d has not been committed yet", id),
				errhint("Commit otp_rotate_key() first."));
}
