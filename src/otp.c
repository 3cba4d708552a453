/*
 * otp.c
 *		Module magic and settings.
 */
#include "compat.h"

#include <limits.h>

#include "fmgr.h"
#include "utils/guc.h"

#include "master_key.h"
#include "send.h"
#include "purge.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	DefineCustomStringVariable("otp.master_key_file",
							   "File with the master key, 64 hexadecimal digits.",
							   "A relative path starts at the data directory.",
							   &otp_master_key_file,
							   "otp_master.key",
							   PGC_SUSET, GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);
	DefineCustomStringVariable("otp.master_key_command",
							   "Shell command that prints the master key, 64 hexadecimal digits.",
							   "If set, otp.master_key_file is not read.",
							   &otp_master_key_command,
							   "",
							   PGC_SUSET, GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);
	DefineCustomStringVariable("otp.next_master_key_file",
							   "File with the master key that is to take the place of the present one.",
							   "Rows of otp_key may be wrapped by either; empty if there is none.",
							   &otp_next_master_key_file,
							   "",
							   PGC_SUSET, GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);
	DefineCustomStringVariable("otp.next_master_key_command",
							   "Shell command that prints the master key that is to take the place of the present one.",
							   "If set, otp.next_master_key_file is not read.",
							   &otp_next_master_key_command,
							   "",
							   PGC_SUSET, GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);
	DefineCustomIntVariable("otp.trail_keep",
							"How long otp_purge() keeps the trail, whatever it is told.",
							"Rows of otp_event that are younger stay.",
							&otp_trail_keep,
							OTP_TRAIL_KEEP_DEFAULT, OTP_TRAIL_KEEP_MIN, INT_MAX,
							PGC_SUSET, GUC_UNIT_MIN,
							NULL, NULL, NULL);
	DefineCustomBoolVariable("otp.wake_relay",
							 "Notifies channel otp_message when a transaction that sends a message commits.",
							 "A transaction that is to be prepared cannot; then the relay finds the message when it next looks.",
							 &otp_wake_relay,
							 true,
							 PGC_USERSET, 0,
							 NULL, NULL, NULL);
	MarkGUCPrefixReserved("otp");
}
