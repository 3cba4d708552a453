/*
 * budget.c
 *		Table otp_budget: how often each user has guessed wrong; and otp_decoy, its
 *		stand-in for refusals of users who have none.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"

#include "errors.h"
#include "store/budget.h"
#include "store/write.h"

/* rows of otp_decoy, "0" and up */
#define DECOY_ROWS	64

/* The row as it stands on the page; the same for both tables. */
typedef struct FormData_otp_budget
{
	int64		total;
	float8		level;
	TimestampTz last_at;
	int64		cleared_total;
	int64		guesses[OTP_BUDGET_GUESSES];	/* columns guess_1 to guess_8 */
	/* text user_id */
} FormData_otp_budget;

StaticAssertDecl(sizeof(FormData_otp_budget) == INTALIGN(sizeof(FormData_otp_budget)),
				 "user_id follows without padding");

enum
{
	COL_TOTAL = 1,
	COL_LEVEL,
	COL_LAST_AT,
	COL_CLEARED_TOTAL,
	COL_GUESS_1,
	COL_USER_ID = COL_GUESS_1 + OTP_BUDGET_GUESSES,
	COL_COUNT = COL_USER_ID
};

static void
init_key(ScanKey key, const text *user)
{
	ScanKeyInit(key, COL_USER_ID, BTEqualStrategyNumber, F_TEXTEQ, PointerGetDatum(user));
}

/* user_id is the first column behind those of fixed width. */
const text *
otp_budget_user(HeapTuple tuple)
{
	return (const text *) ((char *) GETSTRUCT(tuple) + sizeof(FormData_otp_budget));
}

static bool
is_of(HeapTuple tuple, const text *user)
{
	return otp_same_text(otp_budget_user(tuple), user);
}

void
otp_budget_read(HeapTuple tuple, OtpBudgetRow *row)
{
	FormData_otp_budget *form = (FormData_otp_budget *) GETSTRUCT(tuple);

	row->exists = true;
	row->tid = tuple->t_self;
	row->contended = (tuple->t_data->t_infomask & HEAP_XMAX_INVALID) == 0;
	row->budget.total = form->total;
	row->budget.level = form->level;
	row->budget.last_at = form->last_at;
	row->budget.cleared_total = form->cleared_total;
	memcpy(row->budget.guesses, form->guesses, sizeof(form->guesses));
}

void
otp_budget_fetch(Relation rel, Snapshot snapshot, const text *user, OtpBudgetRow *row)
{
	ScanKeyData key;
	HeapTuple	tuple;

	init_key(&key, user);
	tuple = otp_table_fetch(rel, snapshot, 1, &key);
	memset(row, 0, sizeof(*row));
	if (tuple == NULL)
		return;
	/*
	 * A scan lets go of the index's page before it reads the table, and relies on it that what comes
	 * into the row's place meanwhile is invisible to its snapshot.  A permanent row is not.
	 */
	if (is_of(tuple, user))
		otp_budget_read(tuple, row);
	heap_freetuple(tuple);
}

void
otp_budget_fetch_at(Relation rel, Snapshot snapshot, const text *user, ItemPointer hint,
					OtpBudgetRow *row)
{
	HeapTupleData tuple;
	Buffer		buffer;

	memset(row, 0, sizeof(*row));
	/* The table may have been rewritten or cut short meanwhile. */
	if (ItemPointerIsValid(hint) && otp_table_has_block(rel, ItemPointerGetBlockNumber(hint)))
	{
		tuple.t_self = *hint;
		if (heap_fetch(rel, snapshot, &tuple, &buffer, false))
		{
			if (is_of(&tuple, user))
				otp_budget_read(&tuple, row);
			ReleaseBuffer(buffer);
		}
	}
	if (!row->exists)
		otp_budget_fetch(rel, snapshot, user, row);
}

void
otp_budget_create(Relation rel, const text *user, const OtpBudget *counts, OtpBudgetRow *row)
{
	Datum		values[COL_COUNT];
	bool		nulls[COL_COUNT] = {false};
	ScanKeyData key;
	HeapTuple	tuple;

	init_key(&key, user);
	otp_table_check_not_removed(rel, 1, &key);
	memset(row, 0, sizeof(*row));
	row->budget.cleared_total = OTP_NEVER_CLEARED;
	if (counts != NULL)
		row->budget = *counts;
	values[COL_TOTAL - 1] = Int64GetDatum(row->budget.total);
	values[COL_LEVEL - 1] = Float8GetDatum(row->budget.level);
	values[COL_LAST_AT - 1] = TimestampTzGetDatum(row->budget.last_at);
	values[COL_CLEARED_TOTAL - 1] = Int64GetDatum(row->budget.cleared_total);
	for (int i = 0; i < OTP_BUDGET_GUESSES; i++)
		values[COL_GUESS_1 - 1 + i] = Int64GetDatum(row->budget.guesses[i]);
	values[COL_USER_ID - 1] = PointerGetDatum(user);
	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	otp_permanent_insert(rel, tuple);
	row->exists = true;
	row->tid = tuple->t_self;
	heap_freetuple(tuple);
}

bool
otp_budget_stays(Relation rel, const OtpBudgetRow *row, TransactionId *busy)
{
	ItemPointerData tid = row->tid;
	OtpOverwrite overwrite;

	*busy = InvalidTransactionId;
	if (!row->contended)
		return true;
	switch (otp_overwrite_try(&overwrite, rel, &tid, busy))
	{
		case OTP_OVERWRITE_READY:
			otp_overwrite_abort(&overwrite);
			return true;
		case OTP_OVERWRITE_OWN:
			/* Whoever goes on to overwrite it is told. */
			return true;
		default:
			return false;
	}
}

OtpUpdateResult
otp_budget_remove(Relation rel, Snapshot snapshot, const text *user)
{
	ScanKeyData key;
	HeapTuple	tuple;

	init_key(&key, user);
	tuple = otp_table_fetch(rel, snapshot, 1, &key);
	return tuple == NULL ? OTP_UPDATE_LOST : otp_table_remove(rel, tuple);
}

/* The columns but for the digests. */
static FormData_otp_budget
form_of(const OtpBudget *budget)
{
	return (FormData_otp_budget) {
		budget->total, budget->level, budget->last_at, budget->cleared_total
	};
}

void
otp_budget_replace(OtpOverwrite *overwrite, const OtpBudget *budget)
{
	FormData_otp_budget form = form_of(budget);
	OtpPatch	patch = {0, sizeof(form), &form};

	memcpy(form.guesses, budget->guesses, sizeof(form.guesses));
	otp_overwrite_finish(overwrite, &patch, 1);
}

void
otp_budget_overwrite(OtpOverwrite *overwrite, const OtpBudget *budget)
{
	int			last = (budget->total + OTP_BUDGET_GUESSES - 1) % OTP_BUDGET_GUESSES;
	FormData_otp_budget form = form_of(budget);
	OtpPatch	patches[2] = {
		{0, offsetof(FormData_otp_budget, guesses), &form},
		{offsetof(FormData_otp_budget, guesses) + last * sizeof(int64), sizeof(int64),
		&budget->guesses[last]},
	};

	otp_overwrite_finish(overwrite, patches, lengthof(patches));
}

void
otp_decoy_overwrite(Relation rel, Snapshot snapshot, TimestampTz now)
{
	static ItemPointerData place;	/* of this session's row, once it has been found */
	char	   *slot = psprintf("%d", MyProcPid % DECOY_ROWS);
	OtpBudgetRow row;
	OtpOverwrite overwrite;
	OtpBudget	budget = {0};

	otp_budget_fetch_at(rel, snapshot, cstring_to_text(slot), &place, &row);
	if (!row.exists)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("row \"%s\" of table \"otp_decoy\" is missing", slot),
				otp_errprivate());
	place = row.tid;
	otp_overwrite_begin(&overwrite, rel, &place);
	budget.total = row.budget.total + 1;
	budget.level = budget.total;
	budget.last_at = now;
	budget.guesses[(budget.total - 1) % OTP_BUDGET_GUESSES] = now;
	otp_budget_overwrite(&overwrite, &budget);
}
