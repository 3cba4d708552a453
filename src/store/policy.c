/*
 * policy.c
 *		Table otp_policy: a row per purpose, and the row "default".
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "errors.h"
#include "store/policy.h"
#include "store/relation.h"
#include "store/write.h"

/* The columns; the last two are not there before version 1.2.0. */
enum
{
	COL_PURPOSE = 1,
	COL_LENGTH,
	COL_ALPHABET,
	COL_LIFETIME,
	COL_MAX_ATTEMPTS,
	COL_TRAIL,
	COL_METHODS,
	COL_SPENT_AT_ONCE,
	COL_COOL_DOWN,
	COL_ISSUE_WINDOW,
	COL_ISSUES_PER_USER,
	COL_ISSUES_PER_DESTINATION,
	COL_MAX_CONSECUTIVE,
	COL_STOP_FOR,
	COL_WARN_BEFORE,
	COL_SELF_UNLOCK,
	COL_NOTIFY,
	COL_FREE_GUESSES,
	COL_FORGIVE_EVERY,
	COL_FIRST_DELAY,
	COL_LONGEST_DELAY,
	COL_MAX_DRIFT,
	COL_RESYNC_WINDOW,
	COL_ENROLL_LIFETIME,
	COL_COMMENT,
	COL_SHIPPED,
	COL_NUMBER_MATCH,
	COL_PROMPTS_PER_USER,
	COL_COUNT = COL_PROMPTS_PER_USER
};

typedef struct PolicyEntry
{
	char		purpose[OTP_PURPOSE_MAX + 1];	/* hash key */
	OtpPolicy	policy;
} PolicyEntry;

/* The rows of otp_policy, while `loaded`. */
static bool loaded = false;
static MemoryContext policy_context = NULL;
static HTAB *policies;
static OtpPolicy default_policy;
static OtpLimits default_limits;
static bool any_stop;

const char *
otp_method_name(OtpMethod method)
{
	static const char *const names[] = {"issued", "totp", "hotp", "recovery"};

	StaticAssertStmt(lengthof(names) == OTP_METHOD_COUNT, "each method has a name");
	return names[method];
}

static void
policy_changed(void)
{
	loaded = false;
}

static int64
interval_usecs(Datum value)
{
	Interval   *interval = DatumGetIntervalP(value);

	return interval->time + (interval->day + (int64) interval->month * DAYS_PER_MONTH) *
		USECS_PER_DAY;
}

static OtpTrail
trail_of(Datum value)
{
	char	   *name = TextDatumGetCString(value);

	if (strcmp(name, "none") == 0)
		return OTP_TRAIL_NONE;
	if (strcmp(name, "rejections") == 0)
		return OTP_TRAIL_REJECTIONS;
	return OTP_TRAIL_ALL;
}

static int
methods_of(Datum value)
{
	Datum	   *names;
	int			count;
	int			methods = 0;

	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT,
					  &names, NULL, &count);
	for (int i = 0; i < count; i++)
		for (OtpMethod method = 0; method < OTP_METHOD_COUNT; method++)
			if (strcmp(TextDatumGetCString(names[i]), otp_method_name(method)) == 0)
				methods |= OTP_METHOD_BIT(method);
	return methods;
}

/* What limits issues and ends guesses; columns that are null stay as they are. */
static void
read_stops(const Datum *values, const bool *nulls, OtpPolicy *policy)
{
	if (!nulls[COL_COOL_DOWN - 1])
		policy->cool_down = interval_usecs(values[COL_COOL_DOWN - 1]);
	if (!nulls[COL_ISSUE_WINDOW - 1])
		policy->issue_window = interval_usecs(values[COL_ISSUE_WINDOW - 1]);
	if (!nulls[COL_ISSUES_PER_USER - 1])
		policy->issues_per_user = DatumGetInt32(values[COL_ISSUES_PER_USER - 1]);
	if (!nulls[COL_ISSUES_PER_DESTINATION - 1])
		policy->issues_per_destination = DatumGetInt32(values[COL_ISSUES_PER_DESTINATION - 1]);
	if (!nulls[COL_MAX_CONSECUTIVE - 1])
	{
		policy->max_consecutive = DatumGetInt32(values[COL_MAX_CONSECUTIVE - 1]);
		policy->stop_for = nulls[COL_STOP_FOR - 1] ? 0 :
			interval_usecs(values[COL_STOP_FOR - 1]);
	}
	if (!nulls[COL_WARN_BEFORE - 1])
		policy->warn_before = DatumGetInt32(values[COL_WARN_BEFORE - 1]);
	if (!nulls[COL_SELF_UNLOCK - 1])
		policy->self_unlock = DatumGetInt32(values[COL_SELF_UNLOCK - 1]);
	if (!nulls[COL_NOTIFY - 1])
		policy->notify = DatumGetBool(values[COL_NOTIFY - 1]);
	if (!nulls[COL_NUMBER_MATCH - 1])
		policy->number_match = DatumGetBool(values[COL_NUMBER_MATCH - 1]);
	if (!nulls[COL_PROMPTS_PER_USER - 1])
		policy->prompts_per_user = DatumGetInt32(values[COL_PROMPTS_PER_USER - 1]);
}

/* A row's columns; what is not there is null. */
static void
deform(Relation rel, HeapTuple tuple, Datum *values, bool *nulls)
{
	memset(nulls, true, COL_COUNT * sizeof(*nulls));
	heap_deform_tuple(tuple, RelationGetDescr(rel), values, nulls);
}

/* Overlays a row's columns; those that are null stay as they are. */
static void
read_policy(const Datum *values, const bool *nulls, OtpPolicy *policy)
{
	if (!nulls[COL_ALPHABET - 1] &&
		!otp_alphabet_by_name(TextDatumGetCString(values[COL_ALPHABET - 1]), &policy->alphabet))
		elog(ERROR, "unknown alphabet in table \"otp_policy\"");
	if (!nulls[COL_LENGTH - 1])
		policy->length = DatumGetInt32(values[COL_LENGTH - 1]);
	if (!nulls[COL_LIFETIME - 1])
		policy->lifetime = interval_usecs(values[COL_LIFETIME - 1]);
	if (!nulls[COL_MAX_ATTEMPTS - 1])
		policy->max_attempts = DatumGetInt32(values[COL_MAX_ATTEMPTS - 1]);
	if (!nulls[COL_TRAIL - 1])
		policy->trail = trail_of(values[COL_TRAIL - 1]);
	if (!nulls[COL_METHODS - 1])
		policy->methods = methods_of(values[COL_METHODS - 1]);
	if (!nulls[COL_SPENT_AT_ONCE - 1])
		policy->spent_at_once = DatumGetBool(values[COL_SPENT_AT_ONCE - 1]);
	read_stops(values, nulls, policy);
}

static void
read_limits(const Datum *values, OtpLimits *limits)
{
	limits->free_guesses = DatumGetInt32(values[COL_FREE_GUESSES - 1]);
	limits->forgive_every = interval_usecs(values[COL_FORGIVE_EVERY - 1]);
	limits->first_delay = interval_usecs(values[COL_FIRST_DELAY - 1]);
	limits->longest_delay = interval_usecs(values[COL_LONGEST_DELAY - 1]);
	limits->max_drift = DatumGetInt32(values[COL_MAX_DRIFT - 1]);
	limits->resync_window = DatumGetInt32(values[COL_RESYNC_WINDOW - 1]);
	limits->enroll_lifetime = interval_usecs(values[COL_ENROLL_LIFETIME - 1]);
}

static void
read_default(Relation rel, Snapshot snapshot)
{
	ScanKeyData key;
	HeapTuple	tuple;
	Datum		values[COL_COUNT];
	bool		nulls[COL_COUNT];

	ScanKeyInit(&key, COL_PURPOSE, BTEqualStrategyNumber, F_TEXTEQ,
				CStringGetTextDatum(OTP_PURPOSE_DEFAULT));
	tuple = otp_table_fetch(rel, snapshot, 1, &key);
	if (tuple == NULL)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("row \"%s\" of table \"otp_policy\" is missing", OTP_PURPOSE_DEFAULT),
				errhint("Insert it: without it no limit is known, and no code is issued or verified."),
				otp_errprivate());
	deform(rel, tuple, values, nulls);
	memset(&default_policy, 0, sizeof(default_policy));
	read_policy(values, nulls, &default_policy);
	read_limits(values, &default_limits);
	any_stop = default_policy.max_consecutive > 0;
}

static void
read_purposes(Relation rel, Snapshot snapshot)
{
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, snapshot, 0, NULL);
	HeapTuple	tuple;
	Datum		values[COL_COUNT];
	bool		nulls[COL_COUNT];

	while ((tuple = systable_getnext(scan)) != NULL)
	{
		char	   *purpose;
		PolicyEntry *entry;

		deform(rel, tuple, values, nulls);
		purpose = TextDatumGetCString(values[COL_PURPOSE - 1]);
		entry = hash_search(policies, purpose, HASH_ENTER, NULL);
		entry->policy = default_policy;
		read_policy(values, nulls, &entry->policy);
		/* an authenticator's code that another row lets in knows no number */
		entry->policy.number_match = entry->policy.number_match &&
			entry->policy.methods == OTP_METHOD_BIT(OTP_METHOD_ISSUED);
		any_stop |= entry->policy.max_consecutive > 0;
	}
	systable_endscan(scan);
}

static void
load(void)
{
	HASHCTL		ctl = {.keysize = OTP_PURPOSE_MAX + 1,.entrysize = sizeof(PolicyEntry)};
	Relation	rel = otp_table_open(OTP_TABLE_POLICY, NULL, AccessShareLock);
	Snapshot	snapshot = otp_snapshot_now();

	if (policy_context == NULL)
	{
		policy_context = AllocSetContextCreate(TopMemoryContext, "otp policies",
											   ALLOCSET_SMALL_SIZES);
		otp_table_on_change(OTP_TABLE_POLICY, policy_changed);
	}
	MemoryContextReset(policy_context);
	ctl.hcxt = policy_context;
	policies = hash_create("otp policies", 16, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);

	/* A change that arrives while we read is read again. */
	loaded = true;
	PG_TRY();
	{
		read_default(rel, snapshot);
		read_purposes(rel, snapshot);
	}
	PG_CATCH();
	{
		loaded = false;
		PG_RE_THROW();
	}
	PG_END_TRY();
	UnregisterSnapshot(snapshot);
	table_close(rel, NoLock);
}

/* A session may stay in one statement for hours; the DBA's change counts at once. */
static void
load_if_changed(void)
{
	AcceptInvalidationMessages();
	if (!loaded)
		load();
}

void
otp_policy_get(const text *purpose, OtpPolicy *policy, OtpLimits *limits)
{
	char		name[OTP_PURPOSE_MAX + 1] = "";
	size_t		length = VARSIZE_ANY_EXHDR(purpose);
	PolicyEntry *entry;

	load_if_changed();
	Assert(length <= OTP_PURPOSE_MAX);
	memcpy(name, VARDATA_ANY(purpose), length);
	entry = hash_search(policies, name, HASH_FIND, NULL);
	*policy = entry != NULL ? entry->policy : default_policy;
	if (limits != NULL)
		*limits = default_limits;
}

bool
otp_policy_any_stop(void)
{
	load_if_changed();
	return any_stop;
}

List *
otp_policy_purposes(void)
{
	HASH_SEQ_STATUS scan;
	PolicyEntry *entry;
	List	   *purposes = NIL;

	load_if_changed();
	hash_seq_init(&scan, policies);
	while ((entry = hash_seq_search(&scan)) != NULL)
		if (strcmp(entry->purpose, OTP_PURPOSE_DEFAULT) != 0)
			purposes = lappend(purposes, cstring_to_text(entry->purpose));
	return purposes;
}

/* Deletes the row that the base script inserted for a purpose, if it is still there. */
static void
delete_shipped(Relation rel, Datum purpose)
{
	Snapshot	snapshot = otp_snapshot_now();
	ScanKeyData key;
	HeapTuple	tuple;
	bool		isnull;

	ScanKeyInit(&key, COL_PURPOSE, BTEqualStrategyNumber, F_TEXTEQ, purpose);
	tuple = otp_table_fetch(rel, snapshot, 1, &key);
	if (tuple != NULL &&
		DatumGetBool(heap_getattr(tuple, COL_SHIPPED, RelationGetDescr(rel), &isnull)))
		otp_table_delete(rel, &tuple->t_self);
	UnregisterSnapshot(snapshot);
}

/*
 * otp_policy_guard() → trigger
 *
 * Before INSERT and UPDATE of a row: a row that someone changes is no longer the shipped
 * one, and a row that someone inserts takes the place of the shipped one, so that a
 * restored dump does not meet the row that CREATE EXTENSION has just made.
 */
PG_FUNCTION_INFO_V1(otp_policy_guard);
Datum
otp_policy_guard(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Relation	rel;
	HeapTuple	row;
	Datum		purpose;
	Datum		shipped;
	bool		no_purpose;
	bool		isnull;
	int			column = COL_SHIPPED;
	Datum		no = BoolGetDatum(false);
	bool		null = false;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event))
		ereport(ERROR,
				errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("otp_policy_guard() must be called as a BEFORE trigger"));
	rel = trigger->tg_relation;
	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
	{
		/* NOT NULL is checked after this trigger. */
		row = trigger->tg_trigtuple;
		purpose = heap_getattr(row, COL_PURPOSE, RelationGetDescr(rel), &no_purpose);
		shipped = heap_getattr(row, COL_SHIPPED, RelationGetDescr(rel), &isnull);
		if (!no_purpose && !isnull && !DatumGetBool(shipped))
			delete_shipped(rel, purpose);
		return PointerGetDatum(row);
	}
	row = heap_modify_tuple_by_cols(trigger->tg_newtuple, RelationGetDescr(rel), 1,
									&column, &no, &null);
	return PointerGetDatum(row);
}

/*
 * otp_changed() → trigger
 *
 * After any statement that changes a table which sessions keep in memory: has them
 * read it again.
 */
PG_FUNCTION_INFO_V1(otp_changed);
Datum
otp_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("otp_changed() must be called as a trigger"));
	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	return PointerGetDatum(NULL);
}
