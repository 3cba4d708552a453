# Queries that run as the owner of the tables follow the extension's schema to another name, and take nothing for theirs that
# somebody makes by the old one.
# Requirements: 36.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use OtpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('schema_rename', bare => 1);

value($node, q{
	SET client_min_messages = error;
	CREATE ROLE app LOGIN;
	GRANT CREATE ON DATABASE postgres TO app;
	CREATE SCHEMA before;
	CREATE EXTENSION otp SCHEMA before;
	SELECT before.otp_grant('app', 'application');
	INSERT INTO before.otp_channel (name, kind, transport, url, method, headers, body, accept_status, app)
	  VALUES ('a', 'chat', 'http', 'https://a.example/', 'POST', '{Content-Type: text/plain}', '{code}', '{200}', 'Bank')});

my $app = $node->background_psql('postgres', extra_params => [ '-U', 'app' ]);
$app->query_safe(q{SELECT before.otp_send('alice', 'x', 'a')});
value($node, 'ALTER SCHEMA before RENAME TO after');
$app->query_safe(q{
	CREATE SCHEMA before;
	CREATE TABLE before.seen (who name);
	CREATE FUNCTION before.trap() RETURNS boolean LANGUAGE sql AS $$ INSERT INTO before.seen VALUES (current_user) RETURNING true $$;
	CREATE VIEW before.otp_channel AS SELECT 'a'::text AS name, 'chat'::text AS kind, 'http'::text AS transport, 'https://a.example/'::text AS url,
	  'POST'::text AS method, '{}'::text[] AS headers, '{code}'::text AS body, '{200}'::integer[] AS accept_status, NULL::integer[] AS retry_status,
	  NULL::text AS accept_path, NULL::text[] AS accept_values, NULL::text AS retry_path, NULL::text[] AS retry_values, NULL::text AS id_path,
	  NULL::text AS sender, NULL::text AS sender_name, 'Bank'::text AS app, NULL::text AS domain, NULL::text AS ca_file, false AS allow_plaintext,
	  NULL::float8 AS per_second, NULL::integer AS max_in_flight, '10 s'::interval AS timeout, '1 hour'::interval AS message_window,
	  NULL::integer AS messages_per_destination, NULL::integer AS messages_per_prefix, NULL::integer AS prefix_length WHERE before.trap()});
is($app->query_safe(q{SELECT after.otp_send('bob', 'x', 'a') > 0}), 't', 'a session that has sent before sends');
is(value($node, 'SELECT count(*) FROM before.seen'), 0, 'and nothing of another one is run');
is(value($node, q{SELECT string_agg(user_id, ' ' ORDER BY user_id) FROM after.otp_message}), 'alice bob', 'both messages are queued');
$app->quit;

done_testing();
