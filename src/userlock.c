/*
 * userlock.c
 *		Short heavyweight locks that serialize the judgements of a user.
 */
#include "compat.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/lock.h"

#include "userlock.h"

/* locktag_field4; PostgreSQL's own advisory locks use 1 and 2 */
#define CLASS_USER		0x4F55
#define CLASS_DESTINATION	0x4F44
#define CLASS_KEYRING	0x4F4B
#define CLASS_PROBE		0x4F50

static void
acquire(LOCKTAG *tag, uint64 key, uint16 class)
{
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32) (key >> 32), (uint32) key, class);
	(void) LockAcquire(tag, ExclusiveLock, false, false);
}

static uint64
hash(const text *value)
{
	return hash_bytes_extended((const unsigned char *) VARDATA_ANY(value),
							   VARSIZE_ANY_EXHDR(value), 0);
}

void
otp_user_lock(LOCKTAG *tag, const text *user)
{
	acquire(tag, hash(user), CLASS_USER);
}

void
otp_destination_lock(LOCKTAG *tag, const text *destination)
{
	acquire(tag, hash(destination), CLASS_DESTINATION);
}

void
otp_keyring_lock(LOCKTAG *tag)
{
	acquire(tag, 0, CLASS_KEYRING);
}

void
otp_probe_lock(LOCKTAG *tag)
{
	acquire(tag, 0, CLASS_PROBE);
}

void
otp_lock_release(const LOCKTAG *tag)
{
	LockRelease(tag, ExclusiveLock, false);
}
