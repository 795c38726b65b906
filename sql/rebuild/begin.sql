SET LOCAL lock_timeout TO '10s';
SET LOCAL statement_timeout TO 0;
SET LOCAL idle_in_transaction_session_timeout TO 0;
SET LOCAL client_min_messages TO warning;
SET LOCAL work_mem TO '64MB';
CREATE TEMPORARY TABLE penstock_rebuilt (file_id bigint, chunk bigint, width bigint, PRIMARY KEY (file_id, chunk))
  ON COMMIT DROP;
CREATE TEMPORARY TABLE penstock_left_out (file_id bigint PRIMARY KEY, sha256 text, name text, reason text)
  ON COMMIT DROP
