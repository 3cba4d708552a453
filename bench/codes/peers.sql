-- What there is without otp, written after its public descriptions: PL/pgSQL over pgcrypto's hmac().

-- The best that we could make of it: a raw key, one statement, no numeric arithmetic.
CREATE OR REPLACE FUNCTION peer_raw_key(key bytea, at timestamptz) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  h CONSTANT bytea := hmac(int8send(floor(date_part('epoch', at) / 30)::bigint), key, 'sha1');
  o CONSTANT integer := get_byte(h, 19) & 15;
BEGIN
  RETURN lpad(((((get_byte(h, o) & 127) << 24) | (get_byte(h, o + 1) << 16) |
                (get_byte(h, o + 2) << 8) | get_byte(h, o + 3)) % 1000000)::text, 6, '0');
END $$;

-- As secrets are usually handed around: Base32, decoded symbol by symbol into a bit string.
CREATE OR REPLACE FUNCTION peer_base32_decode(secret text) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  bits bit varying := '';
  bytes bytea := '';
BEGIN
  FOR i IN 1 .. length(secret) LOOP
    bits := bits || (strpos('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', substr(secret, i, 1)) - 1)::bit(5);
  END LOOP;
  FOR i IN 0 .. length(bits) / 8 - 1 LOOP
    bytes := bytes || set_byte('\x00', 0, substring(bits FROM i * 8 + 1 FOR 8)::bit(8)::integer);
  END LOOP;
  RETURN bytes;
END $$;
CREATE OR REPLACE FUNCTION peer_base32(secret text, at timestamptz) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN peer_raw_key(peer_base32_decode(secret), at);
END $$;

DO $$
BEGIN
  ASSERT (SELECT bool_and(peer_raw_key(key, t) = totp_at(secret, t)::text AND
                          peer_base32(base32, t) = totp_at(secret, t)::text)
            FROM (SELECT * FROM code_row LIMIT 1000) AS s), 'a code differs';
END $$;
