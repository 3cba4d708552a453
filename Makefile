# otp: one-time passwords for PostgreSQL 15 and later.
#
#	make && make install	into the server that PG_CONFIG, or pg_config on the path, names
#	make installcheck		against a running server that has it installed
#	make relay				builds the daemon that carries messages; make install-relay installs it
#	make unit				tests the plain C of src/core and of the relay, without a server
#	make COPT=-Werror		as script/test builds it

MODULE_big = otp
EXTENSION = otp
DATA = extension/otp--1.0.0.sql extension/otp--1.0.0--1.1.0.sql extension/otp--1.1.0--1.2.0.sql

OBJS = \
	src/announce.o \
	src/args.o \
	src/attempt.o \
	src/authenticator.o \
	src/candidates.o \
	src/challenge.o \
	src/channel.o \
	src/channel_guard.o \
	src/channel_preset.o \
	src/channel_secret.o \
	src/channel_status.o \
	src/charge.o \
	src/claim.o \
	src/code.o \
	src/confirm.o \
	src/cool_down.o \
	src/credential.o \
	src/credential_seal.o \
	src/destination.o \
	src/duty.o \
	src/enrollment.o \
	src/events.o \
	src/export.o \
	src/forget.o \
	src/forgotten_budget.o \
	src/forgotten_quota.o \
	src/grant.o \
	src/import.o \
	src/issue.o \
	src/issue_window.o \
	src/kept_key.o \
	src/key_guard.o \
	src/key_rotation.o \
	src/keyring.o \
	src/leftover.o \
	src/limits.o \
	src/master_key.o \
	src/norm.o \
	src/otp.o \
	src/otpauth_uri.o \
	src/outbox.o \
	src/owner_query.o \
	src/private_call.o \
	src/private_rows.o \
	src/pseudonym.o \
	src/purge.o \
	src/push.o \
	src/qr.o \
	src/quota.o \
	src/recovery.o \
	src/recovery_set.o \
	src/rekey.o \
	src/rendering.o \
	src/request.o \
	src/seal.o \
	src/secret.o \
	src/send.o \
	src/send_again.o \
	src/settle.o \
	src/spend.o \
	src/status.o \
	src/stop.o \
	src/subtransaction.o \
	src/template.o \
	src/totp.o \
	src/unlock.o \
	src/userlock.o \
	src/utf8.o \
	src/verify.o \
	src/store/baseline.o \
	src/store/budget.o \
	src/store/challenge.o \
	src/store/credential.o \
	src/store/event.o \
	src/store/key.o \
	src/store/message.o \
	src/store/permanent.o \
	src/store/policy.o \
	src/store/quota.o \
	src/store/recovery.o \
	src/store/relation.o \
	src/store/write.o \
	src/core/aead.o \
	src/core/alphabet.o \
	src/core/base32.o \
	src/core/base64.o \
	src/core/canonical.o \
	src/core/csv.o \
	src/core/derive.o \
	src/core/digest.o \
	src/core/digest_block.o \
	src/core/digest_evp.o \
	src/core/hmac.o \
	src/core/hotp.o \
	src/core/otpauth.o \
	src/core/otpauth_format.o \
	src/core/pskc.o \
	src/core/pskc_crypto.o \
	src/core/pskc_elements.o \
	src/core/pskc_policy.o \
	src/core/pskc_schema.o \
	src/core/pskc_values.o \
	src/core/qr.o \
	src/core/qr_png.o \
	src/core/qr_text.o \
	src/core/template.o \
	src/core/template_context.o \
	src/core/template_escape.o \
	src/core/template_markup.o \
	src/core/token.o \
	src/core/token_csv.o \
	src/core/token_csv_columns.o \
	src/core/token_csv_yubico.o

# The stems of sql/ and specs/, in the order in which they run
REGRESS = setup code secret totp otpauth_uri qr kept_key encoding functions keyring policy issue \
	verify limits quota events rekey enroll authenticator resync recovery spent_at_once forget stop \
	announce self_unlock purge grant duty import export credential_guard activity norm prepared \
	channel template send claim settle push schema
ISOLATION = race charge in-flight two-phase deadlock policy-change snapshot serializable user-lock \
	first-key short-table authenticators at-once enrolling key-rotation key-rekeying key-drop notify \
	issuing stopping purging baselines forgetting unlocking quota-purging serializable-stop \
	at-once-stop announcing channel-gone claiming advancing sending rates

XML_CPPFLAGS := $(shell pkg-config --cflags libxml-2.0 2>/dev/null || xml2-config --cflags)
XML_LIBS := $(shell pkg-config --libs libxml-2.0 2>/dev/null || xml2-config --libs)

PG_CPPFLAGS = -I$(srcdir)/src $(XML_CPPFLAGS)
SHLIB_LINK = -lcrypto -lqrencode -lpng $(XML_LIBS)
EXTRA_CLEAN = test/unit/build test/fuzz/build

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PGXS need not track headers: every object depends on all of ours.
$(OBJS) $(OBJS:.o=.bc): $(wildcard $(srcdir)/src/*.h $(srcdir)/src/*/*.h)

# Building elsewhere (make -f …/Makefile): the compiler wants the directories.
ifdef VPATH
$(shell $(MKDIR_P) $(sort $(dir $(OBJS))))
endif

# The relay is a program of its own, of no use to the server: it is not built unless asked for.
relay_make = $(MKDIR_P) relay && $(MAKE) -C relay -f '$(abspath $(srcdir))/relay/Makefile' PG_CONFIG='$(PG_CONFIG)' COPT='$(COPT)'

relay:
	$(relay_make)

install-relay:
	$(relay_make) install

clean: clean-relay

clean-relay:
	$(relay_make) clean

unit:
	CC='$(CC)' $(srcdir)/test/unit/run

.PHONY: unit relay install-relay clean-relay
