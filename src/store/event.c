/*
 * event.c
 *		Table otp_event: the trail.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inet.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "store/event.h"
#include "store/permanent.h"
#include "store/relation.h"
#include "store/write.h"

enum
{
	COL_AT = 1,
	COL_USER_ID,
	COL_PURPOSE,
	COL_EVENT,
	COL_REASON,
	COL_METHOD,
	COL_ROLE,
	COL_CLIENT_ADDR,
	COL_APPLICATION_NAME,
	COL_COUNT = COL_APPLICATION_NAME
};

/*
 * The client's address, by inet_client_addr(), or NULL; it does not change while the session
 * lasts.
 */
static const inet *
client_address(void)
{
	static bool known = false;
	static inet *address = NULL;
	LOCAL_FCINFO(fcinfo, 0);
	MemoryContext old;
	Datum		value;

	if (known)
		return address;
	old = MemoryContextSwitchTo(TopMemoryContext);
	InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, NULL, NULL);
	value = inet_client_addr(fcinfo);
	if (!fcinfo->isnull)
		address = DatumGetInetPP(value);
	MemoryContextSwitchTo(old);
	known = true;
	return address;
}

static void
set_text(Datum *values, bool *nulls, int column, const char *value)
{
	nulls[column - 1] = value == NULL;
	values[column - 1] = value == NULL ? (Datum) 0 : CStringGetTextDatum(value);
}

bool
otp_event_insert(Relation rel, const OtpEvent *event, bool permanent)
{
	Datum		values[COL_COUNT];
	bool		nulls[COL_COUNT] = {false};
	const inet *address = client_address();
	HeapTuple	tuple;

	values[COL_AT - 1] = TimestampTzGetDatum(event->at);
	values[COL_USER_ID - 1] = PointerGetDatum(event->user);
	values[COL_PURPOSE - 1] = PointerGetDatum(event->purpose);
	set_text(values, nulls, COL_EVENT, event->event);
	set_text(values, nulls, COL_REASON, event->reason);
	set_text(values, nulls, COL_METHOD, event->method);
	set_text(values, nulls, COL_ROLE, GetUserNameFromId(GetSessionUserId(), true));
	nulls[COL_CLIENT_ADDR - 1] = address == NULL;
	values[COL_CLIENT_ADDR - 1] = PointerGetDatum(address);
	set_text(values, nulls, COL_APPLICATION_NAME, application_name);
	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	permanent = permanent && !otp_table_is_being_indexed(rel);
	if (permanent)
		otp_permanent_insert(rel, tuple);
	else
		otp_table_insert(rel, tuple);
	heap_freetuple(tuple);
	return permanent;
}

int64
otp_event_remove_all(Relation rel, const text *user)
{
	Snapshot	snapshot = otp_snapshot_now();
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	int64		removed = 0;

	ScanKeyInit(&key, COL_USER_ID, BTEqualStrategyNumber, F_TEXTEQ, PointerGetDatum(user));
	scan = systable_beginscan(rel, InvalidOid, false, snapshot, 1, &key);
	while ((tuple = systable_getnext(scan)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (otp_table_remove(rel, tuple) == OTP_UPDATED)
			removed++;
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	return removed;
}

TimestampTz
otp_event_at(Relation rel, HeapTuple tuple)
{
	bool		isnull;

	return DatumGetTimestampTz(heap_getattr(tuple, COL_AT, RelationGetDescr(rel), &isnull));
}
