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
#define CLASS_KEYRING	0x4F4B
#define CLASS_PROBE		0x4F50

static void
acquire(LOCKTAG *tag, uint64 key, uint16 class)
{
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32) (key >> 32), (uint32) key, class);
	(void) LockAcquire(tag, ExclusiveLock, false, false);
}

void
otp_user_lock(LOCKTAG *tag, const text *user)
{
	acquire(tag, hash_bytes_extended((const unsigned char *) VARDATA_ANY(user),
									 VARSIZE_ANY_EXHDR(user), 0), CLASS_USER);
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
