-- A channel to a provider on this machine, as the presets for SMS with a token have them, and what is measured with.
SET client_min_messages = warning;
TRUNCATE otp_challenge, otp_budget, otp_event, otp_message;
UPDATE otp_policy SET trail = 'all', lifetime = '1 day' WHERE purpose = 'default';
DELETE FROM otp_channel WHERE name = 'bench';
INSERT INTO otp_channel (name, kind, transport, url, method, headers, body, accept_status, retry_status, id_path, sender,
                         app, domain, allow_plaintext)
  VALUES ('bench', 'sms', 'http', :'url', 'POST',
          ARRAY['Authorization: Bearer {secret.token}', 'Content-Type: application/json', 'Idempotency-Key: {id}'],
          '{"from": "{sender}", "to": "{destination}", "text": "{text}"}',
          '{200,201,202}', '{408,425,429,500,502,503,504}', 'id', 'Shop', 'Shop', 'shop.example', true);
SELECT otp_channel_secret('bench', 'token', 'xoxb-3f0c1b7a9d2e4c5f8a6b');
DROP TABLE IF EXISTS sent, arrival;
CREATE TABLE sent (message_id bigint);
CREATE TABLE arrival (key uuid, at bigint);
SELECT otp_send('nobody', '+6281200000000', 'bench', 'login', 'Order 1000');
