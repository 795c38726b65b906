-- The ledger: which chunks of which publication are in this database, and what else people ask about.
-- docs/ledger.md describes every table. File rows are never expired.

CREATE TABLE penstock.schema (
  dataset text NOT NULL,
  version integer NOT NULL,
  fingerprint text NOT NULL,
  text text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (dataset, version),
  UNIQUE (dataset, fingerprint)
);

CREATE TABLE penstock.file (
  dataset text NOT NULL,
  file_id bigint NOT NULL,
  sha256 text NOT NULL,
  name text NOT NULL,
  size bigint,                       -- decompressed bytes; known once complete
  chunks bigint,                     -- known once the last chunk was seen
  state text NOT NULL DEFAULT 'loading'
    CHECK (state IN ('loading', 'complete', 'superseded', 'retracted', 'quarantined')),
  reason text NOT NULL DEFAULT '',
  first_at timestamptz NOT NULL DEFAULT now(),
  complete_at timestamptz,
  PRIMARY KEY (dataset, file_id)
);
CREATE INDEX file_unfinished ON penstock.file (dataset, file_id) WHERE state = 'loading';

CREATE TABLE penstock.chunk (
  dataset text NOT NULL,
  file_id bigint NOT NULL,
  chunk bigint NOT NULL,
  byte_start bigint NOT NULL,
  byte_end bigint NOT NULL,
  first_row bigint NOT NULL,
  records bigint NOT NULL,
  rows bigint NOT NULL,              -- rows the chunk carried, before keys were compared
  rejects bigint NOT NULL,           -- the producer's and the worker's
  replaced bigint NOT NULL DEFAULT 0, -- rows already in the table that lost to this chunk's, or the other way round
  partition integer NOT NULL,
  "offset" bigint NOT NULL,
  worker text NOT NULL,
  crc text NOT NULL,
  loaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (dataset, file_id, chunk)
);
CREATE INDEX chunk_txid ON penstock.chunk (txid);

CREATE TABLE penstock.reject (
  dataset text NOT NULL,
  file_id bigint NOT NULL,
  chunk bigint NOT NULL,
  record bigint NOT NULL,            -- record number in the file, from 1
  row_number bigint,                 -- set when one row of the record was refused by the table
  byte_start bigint NOT NULL,
  byte_end bigint NOT NULL,
  column_name text NOT NULL,         -- '' when the record as a whole is bad
  reason text NOT NULL,
  original text NOT NULL,            -- at most 4 KiB; bytes that are no text become U+FFFD
  stage text NOT NULL CHECK (stage IN ('read', 'load')),
  rejected_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX reject_file ON penstock.reject (dataset, file_id, record);

CREATE TABLE penstock.dead_letter (
  topic text NOT NULL,
  partition integer NOT NULL,
  "offset" bigint NOT NULL,
  dataset text,
  file_id bigint,                    -- null when the message does not tell
  chunk bigint,
  stage text NOT NULL,               -- 'chunk' (not well-formed) or 'decode' or 'ledger' (contradicts it)
  reason text NOT NULL,
  worker text NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT now(),
  replayed_at timestamptz,
  PRIMARY KEY (topic, partition, "offset")
);
CREATE INDEX dead_letter_file ON penstock.dead_letter (dataset, file_id);

CREATE TABLE penstock.worker (
  worker text PRIMARY KEY,           -- host:pid:job
  started_at timestamptz NOT NULL DEFAULT now(),
  heartbeat_at timestamptz NOT NULL DEFAULT now(),
  state text NOT NULL CHECK (state IN ('starting', 'idle', 'loading', 'paused', 'stopped')),
  chunks bigint NOT NULL DEFAULT 0,
  rows bigint NOT NULL DEFAULT 0,
  rejects bigint NOT NULL DEFAULT 0,
  partitions text NOT NULL DEFAULT '',  -- 'penstock.orders/0 penstock.orders/3'
  paused text NOT NULL DEFAULT ''       -- 'orders: reason'
);

CREATE TABLE penstock.leader (
  name text PRIMARY KEY,
  generation bigint NOT NULL,        -- grows with every election: the fencing token
  holder text NOT NULL,
  since timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE penstock.run (
  run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  trigger text NOT NULL,             -- 'cron', 'load', 'hand'
  state text NOT NULL CHECK (state IN ('running', 'published', 'failed')),
  generation bigint NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  snapshot pg_snapshot,              -- what the run saw
  system_identifier bigint,          -- of the cluster, so that a restore is noticed
  error text NOT NULL DEFAULT ''
);

CREATE TABLE penstock.model_run (
  run_id bigint NOT NULL REFERENCES penstock.run,
  model text NOT NULL,
  materialized text NOT NULL,
  state text NOT NULL CHECK (state IN ('published', 'unchanged', 'failed', 'skipped')),
  inserted bigint NOT NULL DEFAULT 0,
  updated bigint NOT NULL DEFAULT 0,
  deleted bigint NOT NULL DEFAULT 0,
  milliseconds bigint NOT NULL DEFAULT 0,
  error text NOT NULL DEFAULT '',
  PRIMARY KEY (run_id, model)
);

CREATE TABLE penstock.check_result (
  run_id bigint NOT NULL REFERENCES penstock.run,
  name text NOT NULL,                -- 'not_null_orders_customer_id'
  kind text NOT NULL,                -- 'not_null', 'sql' ...
  model text NOT NULL,
  column_name text NOT NULL DEFAULT '',
  severity text NOT NULL CHECK (severity IN ('error', 'warn')),
  state text NOT NULL CHECK (state IN ('pass', 'warn', 'fail', 'error')),
  failures bigint NOT NULL DEFAULT 0,
  message text NOT NULL DEFAULT '',
  milliseconds bigint NOT NULL DEFAULT 0,
  checked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX check_result_run ON penstock.check_result (run_id);

CREATE VIEW penstock.file_status AS
SELECT f.dataset, f.file_id, f.name, f.state, f.reason,
  coalesce(c.loaded, 0) AS chunks_loaded, f.chunks,
  coalesce(c.rows, 0) AS rows, coalesce(c.rejects, 0) AS rejects,
  (SELECT count(*) FROM penstock.dead_letter d
    WHERE d.dataset = f.dataset AND d.file_id = f.file_id AND d.replayed_at IS NULL) AS dead_letters,
  f.first_at, f.complete_at
FROM penstock.file f
LEFT JOIN LATERAL (
  SELECT count(*) AS loaded, sum(rows)::bigint AS rows, sum(rejects)::bigint AS rejects
  FROM penstock.chunk c WHERE c.dataset = f.dataset AND c.file_id = f.file_id
) c ON true;

CREATE VIEW penstock.dataset_status AS
SELECT dataset,
  count(*) FILTER (WHERE state = 'complete') AS files_complete,
  count(*) FILTER (WHERE state = 'loading') AS files_loading,
  count(*) FILTER (WHERE state = 'quarantined') AS files_quarantined,
  coalesce(sum(rows), 0)::bigint AS rows,
  coalesce(sum(rejects), 0)::bigint AS rejects,
  coalesce(sum(dead_letters), 0)::bigint AS dead_letters,
  max(complete_at) AS last_complete_at
FROM penstock.file_status
GROUP BY dataset;
