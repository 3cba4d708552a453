/*
 * master_key.c
 *		The master key, which wraps the data keys and never enters the database.
 */
#include "compat.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "miscadmin.h"
#include "port.h"
#include "storage/fd.h"
#include "utils/builtins.h"

#include "core/hex.h"
#include "core/secure.h"
#include "errors.h"
#include "master_key.h"

#define HEX_LENGTH		(2 * OTP_KEY_SIZE)

/* more than a key and any white space behind it */
#define INPUT_MAX		256

char	   *otp_master_key_file;
char	   *otp_master_key_command;
char	   *otp_next_master_key_file;
char	   *otp_next_master_key_command;

/* Where a master key comes from, and the settings that say so. */
typedef struct Source
{
	const char *file;
	const char *command;
	const char *command_setting;
} Source;

static bool
has_next(void)
{
	return otp_next_master_key_file[0] != '\0' || otp_next_master_key_command[0] != '\0';
}

/*
 * The client learns which key is wanted; why it could not be had names paths and commands, and
 * is for superusers and the server log.
 */
static void
report_missing(const char *wanted, const char *why)
{
	const char *which = wanted == NULL ? "" :
		psprintf("Master key \"%s\" is wanted. ", wanted);
	/* Neither SET ROLE nor a SECURITY DEFINER function makes a caller a superuser here. */
	bool		told = superuser() && superuser_arg(GetSessionUserId());

	ereport(ERROR,
			errcode(ERRCODE_OTP_MASTER_KEY_MISSING),
			errmsg("master key is missing"),
			errdetail("%s%s", which, told ? why : "The server log says why."),
			errdetail_log("%s%s", which, why),
			has_next() ?
			errhint("Check otp.master_key_file and otp.master_key_command, and otp.next_master_key_file and otp.next_master_key_command.") :
			errhint("Check otp.master_key_file and otp.master_key_command."),
			otp_errprivate());
}

/* As PostgreSQL wants it of ssl_key_file; NULL if the file is well kept. */
static const char *
file_objection(const char *path, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return psprintf("\"%s\" is not a regular file.", path);
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return psprintf("File \"%s\" must be owned by the database user or root.", path);
	if ((st->st_uid == geteuid() && (st->st_mode & (S_IRWXG | S_IRWXO)) != 0) ||
		(st->st_uid == 0 && (st->st_mode & (S_IWGRP | S_IXGRP | S_IRWXO)) != 0))
		return psprintf("File \"%s\" has group or world access; its permissions should be u=rw (0600) or less if owned by the database user, or u=rw,g=r (0640) or less if owned by root.",
						path);
	return NULL;
}

/* Returns the number of bytes read; -1 and *why if there are none to be had. */
static ssize_t
read_file(const char *path, char *input, const char **why)
{
	int			fd = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	struct stat st;
	ssize_t		n = -1;

	if (fd < 0)
	{
		*why = psprintf("Could not open file \"%s\": %s.", path, strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) != 0)
		*why = psprintf("Could not stat file \"%s\": %s.", path, strerror(errno));
	else if ((*why = file_objection(path, &st)) == NULL)
	{
		n = read(fd, input, INPUT_MAX);
		if (n < 0)
			*why = psprintf("Could not read file \"%s\": %s.", path, strerror(errno));
	}
	CloseTransientFile(fd);
	return n;
}

static ssize_t
read_command(const Source *source, char *input, const char **why)
{
	FILE	   *pipe = OpenPipeStream(source->command, "r");
	size_t		n;
	int			status;

	if (pipe == NULL)
	{
		*why = psprintf("Could not execute the command of %s: %s.", source->command_setting,
						strerror(errno));
		return -1;
	}
	/* A buffer of its own would keep the key in memory that is not wiped. */
	setvbuf(pipe, NULL, _IONBF, 0);
	n = fread(input, 1, INPUT_MAX, pipe);
	status = ClosePipeStream(pipe);
	if (status == 0)
		return n;
	*why = psprintf("The command of %s failed: %s.", source->command_setting,
					status == -1 ? strerror(errno) : wait_result_to_str(status));
	return -1;
}

static bool
parse_key(const char *input, size_t length, uint8 *key)
{
	while (length > 0 && strchr(" \t\r\n", input[length - 1]) != NULL)
		length--;
	if (length != HEX_LENGTH)
		return false;
	for (int i = 0; i < OTP_KEY_SIZE; i++)
	{
		int			high = otp_hex_digit(input[2 * i]);
		int			low = otp_hex_digit(input[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		key[i] = high << 4 | low;
	}
	return true;
}

/* Fills *master; false if OpenSSL failed. */
static bool
derive_master(const uint8 *key, OtpMasterKey *master)
{
	uint8		id[OTP_KEY_SIZE];

	if (!otp_subkey(key, "otp master key id", id) ||
		!otp_subkey(key, "otp wrapping of data keys", master->wrapping))
		return false;
	for (int i = 0; i < OTP_MASTER_ID_LENGTH / 2; i++)
		sprintf(master->id + 2 * i, "%02x", id[i]);
	return true;
}

static Source
present_source(void)
{
	return (Source) {otp_master_key_file, otp_master_key_command, "otp.master_key_command"};
}

static Source
next_source(void)
{
	return (Source) {otp_next_master_key_file, otp_next_master_key_command,
		"otp.next_master_key_command"};
}

/* Reads a master key; why it cannot be had, or NULL. */
static const char *
read_source(Source source, OtpMasterKey *master)
{
	char		input[INPUT_MAX];
	uint8		key[OTP_KEY_SIZE];
	const char *why = NULL;
	bool		by_command = source.command[0] != '\0';
	ssize_t		n;

	n = by_command ? read_command(&source, input, &why) : read_file(source.file, input, &why);
	if (n >= 0 && !parse_key(input, n, key))
		why = psprintf("%s is not a master key of %d hexadecimal digits.",
					   by_command ? psprintf("The output of %s", source.command_setting) :
					   psprintf("The content of file \"%s\"", source.file), HEX_LENGTH);
	else if (n >= 0 && !derive_master(key, master))
		why = "OpenSSL could not derive its subkeys.";
	otp_wipe(input, sizeof(input));
	otp_wipe(key, sizeof(key));
	if (why != NULL)
		otp_wipe(master, sizeof(*master));
	return why;
}

void
otp_master_key_read(OtpMasterKey *master)
{
	const char *why = read_source(present_source(), master);

	if (why != NULL)
		report_missing(NULL, why);
}

void
otp_master_key_read_next(OtpMasterKey *master)
{
	const char *why;

	if (!has_next())
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("no next master key is set"),
				errhint("Set otp.next_master_key_file or otp.next_master_key_command."));
	why = read_source(next_source(), master);
	if (why != NULL)
		report_missing(NULL, why);
}

void
otp_master_key_find(OtpMasterKey *master, const char *wanted)
{
	OtpMasterKey next;
	const char *why = read_source(present_source(), master);

	if (why == NULL && strcmp(master->id, wanted) == 0)
		return;
	if (has_next() && read_source(next_source(), &next) == NULL)
	{
		bool		found = strcmp(next.id, wanted) == 0;

		/* if neither is the one, it is the present one that is wrong or missing */
		if (found)
			*master = next;
		otp_wipe(&next, sizeof(next));
		if (found)
			return;
	}
	if (why != NULL)
		report_missing(wanted, why);
}

void
otp_master_key_check(const OtpMasterKey *master, const char *wanted, int32 key_id)
{
	if (strcmp(master->id, wanted) != 0)
		ereport(ERROR,
				errcode(ERRCODE_OTP_MASTER_KEY_WRONG),
				errmsg("master key is wrong"),
				errdetail("Data key %d wants master key \"%s\", but the one at hand is \"%s\".",
						  key_id, wanted, master->id),
				errhint("Put the right key where otp.master_key_file or otp.master_key_command gets it."),
				otp_errprivate());
}

/* Writes a fresh key into a new file; the reason of a failure, or NULL. */
static const char *
write_random_key(int fd)
{
	uint8		key[OTP_KEY_SIZE];
	char		text[HEX_LENGTH + 2];
	const char *why = NULL;

	if (!pg_strong_random(key, sizeof(key)))
		return "there are no random numbers to be had";
	for (int i = 0; i < OTP_KEY_SIZE; i++)
		sprintf(text + 2 * i, "%02x", key[i]);
	strcpy(text + HEX_LENGTH, "\n");
	errno = ENOSPC;				/* what a short write means */
	if (write(fd, text, HEX_LENGTH + 1) != HEX_LENGTH + 1 || pg_fsync(fd) != 0)
		why = strerror(errno);
	otp_wipe(key, sizeof(key));
	otp_wipe(text, sizeof(text));
	return why;
}

/*
 * The key is written to a file of another name and then linked to its own, so that no one
 * ever reads half a key, and of two sessions that make it one wins.
 */
void
otp_master_key_make(void)
{
	const char *path = otp_master_key_file;
	char		temporary[MAXPGPATH];
	char		folder[MAXPGPATH];
	const char *why;
	bool		made;
	int			fd;

	if (otp_master_key_command[0] != '\0' || access(path, F_OK) == 0)
		return;
	snprintf(temporary, sizeof(temporary), "%s.%d", path, MyProcPid);
	fd = OpenTransientFilePerm(temporary, O_CREAT | O_EXCL | O_WRONLY | PG_BINARY, 0600);
	if (fd < 0)
		report_missing(NULL, psprintf("Could not create file \"%s\": %s.",
									  temporary, strerror(errno)));
	why = write_random_key(fd);
	CloseTransientFile(fd);
	made = why == NULL && link(temporary, path) == 0;
	if (why == NULL && !made && errno != EEXIST)
		why = strerror(errno);
	unlink(temporary);
	if (why != NULL)
		report_missing(NULL, psprintf("Could not create file \"%s\": %s.", path, why));
	strlcpy(folder, path, sizeof(folder));
	get_parent_directory(folder);
	fsync_fname(folder[0] == '\0' ? "." : folder, true);
	if (!made)
		return;
	/* Not a notice: CREATE EXTENSION passes on nothing less than a warning. */
	ereport(WARNING,
			errmsg("master key file \"%s\" has been made", path),
			errhint("Keep a copy of it in a safe place that is not the database's backup: without it no issued code can be verified and no sealed secret opened."));
}

/*
 * otp_master_key_init() → text
 *
 * Makes the master key file if there is none, and gives the id of the master key.
 */
PG_FUNCTION_INFO_V1(otp_master_key_init);
Datum
otp_master_key_init(PG_FUNCTION_ARGS)
{
	OtpMasterKey master;

	otp_master_key_make();
	otp_master_key_read(&master);
	otp_wipe(master.wrapping, sizeof(master.wrapping));
	PG_RETURN_TEXT_P(cstring_to_text(master.id));
}
