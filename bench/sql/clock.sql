CREATE OR REPLACE FUNCTION bench_empty(otp_secret, timestamptz) RETURNS boolean
  AS :library LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE OR REPLACE FUNCTION bench_cpu() RETURNS bigint
  AS :library LANGUAGE C VOLATILE STRICT;
CREATE OR REPLACE FUNCTION bench_refusal(regprocedure, text, text, text, text) RETURNS bigint
  AS :library LANGUAGE C VOLATILE STRICT;
