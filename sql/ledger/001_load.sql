-- What is loaded: which chunks of which publication are in this database, and what could not be.
-- docs/ledger.md describes every table of the ledger. File rows are never expired.

-- The versions of each dataset's Avro schema; written by init.
CREATE TABLE penstock.schema (
  dataset text NOT NULL,
  version integer NOT NULL,
  fingerprint text NOT NULL,
  text text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (dataset, version),
  UNIQUE (dataset, fingerprint)
);

-- Where a dataset's rows are; written by its workers.
CREATE TABLE penstock.dataset (
  dataset text PRIMARY KEY,
  table_schema text NOT NULL,
  table_name text NOT NULL,
  keep text NOT NULL CHECK (keep IN ('all', 'latest_file'))
);

-- Transaction ids mean something in one cluster only. A dump takes them elsewhere; this number tells.
CREATE FUNCTION penstock.origin() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT hashtextextended(s.system_identifier || '/' || d.oid, 0)
  FROM pg_control_system() s, pg_catalog.pg_database d WHERE d.datname = current_database()
$$;

-- Publications.
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
  removed_txid xid8,                 -- the transaction that took the file's rows out of the table
  PRIMARY KEY (dataset, file_id)
);
CREATE INDEX file_unfinished ON penstock.file (dataset, file_id) WHERE state = 'loading';

-- Runs of records that are loaded: each row was committed with the rows of its chunk.
CREATE TABLE penstock.chunk (
  dataset text NOT NULL,
  file_id bigint NOT NULL,
  chunk bigint NOT NULL,
  byte_start bigint NOT NULL,
  byte_end bigint NOT NULL,
  first_row bigint NOT NULL,
  records bigint NOT NULL,
  rows bigint NOT NULL,              -- rows the chunk carried, less those the table refused; before keys were compared
  rejects bigint NOT NULL,           -- the producer's and the worker's
  replaced bigint NOT NULL DEFAULT 0, -- of these rows, how many met another version of their key, whichever won
  partition integer NOT NULL,
  "offset" bigint NOT NULL,
  worker text NOT NULL,
  crc text NOT NULL,
  loaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  origin bigint NOT NULL DEFAULT penstock.origin(), -- the database whose transaction that was
  PRIMARY KEY (dataset, file_id, chunk)
);
CREATE INDEX chunk_txid ON penstock.chunk (txid);
CREATE INDEX chunk_origin ON penstock.chunk (origin);

-- Records that can never load.
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

-- Messages that can never load, by their place in Kafka.
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

-- Who loads, and when it was last heard of.
CREATE TABLE penstock.worker (
  worker text PRIMARY KEY,           -- host:pid:job
  started_at timestamptz NOT NULL DEFAULT now(),
  heartbeat_at timestamptz NOT NULL DEFAULT now(),
  state text NOT NULL CHECK (state IN ('starting', 'idle', 'loading', 'paused', 'stopped')),
  chunks bigint NOT NULL DEFAULT 0,
  rows bigint NOT NULL DEFAULT 0,
  rejects bigint NOT NULL DEFAULT 0,
  partitions text NOT NULL DEFAULT '',  -- 'penstock.orders/0 penstock.orders/3'
  paused text[] NOT NULL DEFAULT '{}',  -- 'orders: reason'; tried again and again
  stopped text[] NOT NULL DEFAULT '{}'  -- the same; until the worker is started anew
);

-- The last transaction that changed a dataset's rows otherwise than by loading chunks.
CREATE TABLE penstock.rewrite (
  dataset text PRIMARY KEY,
  txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  origin bigint NOT NULL DEFAULT penstock.origin()
);

-- Whoever changes rows without loading chunks, removing files or deleting ledger rows calls this in
-- the same transaction.
CREATE FUNCTION penstock.note_rewrite(of_dataset text) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
  INSERT INTO penstock.rewrite AS r (dataset) VALUES (of_dataset)
  ON CONFLICT (dataset) DO UPDATE SET txid = DEFAULT, origin = DEFAULT
$$;

CREATE FUNCTION penstock.file_removed() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM penstock.note_rewrite(NEW.dataset);
  RETURN NULL;
END $$;
CREATE TRIGGER file_removed AFTER UPDATE OF removed_txid ON penstock.file FOR EACH ROW
  WHEN (OLD.removed_txid IS DISTINCT FROM NEW.removed_txid)
  EXECUTE FUNCTION penstock.file_removed();

CREATE FUNCTION penstock.chunks_deleted() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM penstock.note_rewrite(d.dataset) FROM (SELECT DISTINCT dataset FROM gone ORDER BY 1) d;
  RETURN NULL;
END $$;
CREATE TRIGGER chunks_deleted AFTER DELETE ON penstock.chunk REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION penstock.chunks_deleted();

-- The advisory lock of a dataset: loads hold it shared, whatever removes rows holds it exclusively.
CREATE FUNCTION penstock.dataset_lock(dataset text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtextextended('penstock.dataset ' || dataset, 0);

-- The files whose rows belong into the table, `left_out` being taken back.
CREATE FUNCTION penstock.counted_files(of_dataset text, latest boolean, left_out bigint[])
RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  WITH known AS (
    SELECT f.file_id, f.state, f.state = 'complete' OR (latest AND f.state = 'superseded'
      AND f.chunks = (SELECT count(*) FROM penstock.chunk c
                      WHERE c.dataset = f.dataset AND c.file_id = f.file_id)) AS whole
    FROM penstock.file f
    WHERE f.dataset = of_dataset AND f.state IN ('loading', 'complete', 'superseded')
      AND f.file_id <> ALL (left_out))
  SELECT k.file_id FROM known k
  WHERE CASE WHEN latest
    THEN k.file_id >= coalesce((SELECT max(n.file_id) FROM known n WHERE n.whole), 0)
    ELSE k.state <> 'superseded' END
$$;

-- keep: latest_file. The files older than the newest complete one: their rows have to go.
CREATE FUNCTION penstock.outdated_files(of_dataset text) RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  SELECT f.file_id FROM penstock.file f
  WHERE f.dataset = of_dataset AND f.state IN ('loading', 'complete')
    AND f.file_id < (SELECT max(n.file_id) FROM penstock.file n
                     WHERE n.dataset = of_dataset AND n.state = 'complete')
$$;

-- Takes them out, under the exclusive lock, so that no late chunk slips in behind it.
CREATE FUNCTION penstock.supersede_files(of_dataset text) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout TO '10s' AS $$
DECLARE
  target text;
  old bigint[];
BEGIN
  SELECT format('%I.%I', d.table_schema, d.table_name) INTO STRICT target
    FROM penstock.dataset d WHERE d.dataset = of_dataset;
  PERFORM pg_advisory_xact_lock(penstock.dataset_lock(of_dataset));
  WITH superseded AS (
    UPDATE penstock.file f SET state = 'superseded', removed_txid = pg_current_xact_id(),
      reason = 'a newer file is complete'
    WHERE f.dataset = of_dataset AND f.file_id IN (SELECT penstock.outdated_files(of_dataset))
    RETURNING f.file_id)
  SELECT coalesce(array_agg(file_id), '{}') INTO old FROM superseded;
  EXECUTE format('DELETE FROM %s WHERE _file = ANY ($1)', target) USING old;
  RETURN cardinality(old);
END $$;

-- Those of the files that have all their chunks and are not marked yet.
CREATE FUNCTION penstock.full_files(of_dataset text, file_ids bigint[])
RETURNS TABLE (file_id bigint, size bigint)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  SELECT f.file_id, c.size FROM penstock.file f
  CROSS JOIN LATERAL (
    SELECT count(*) AS loaded, max(c.byte_end) AS size FROM penstock.chunk c
    WHERE c.dataset = f.dataset AND c.file_id = f.file_id) c
  WHERE f.dataset = of_dataset AND f.file_id = ANY (file_ids) AND f.state = 'loading'
    AND f.chunks = c.loaded
$$;

-- Marks them, tells listeners of penstock_loaded ('<dataset> <file id>'), returns how many. Idempotent.
CREATE FUNCTION penstock.complete_files(of_dataset text, file_ids bigint[]) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout TO '10s' AS $$
DECLARE
  one record;
  completed bigint := 0;
  keep_latest boolean := EXISTS (
    SELECT FROM penstock.dataset d WHERE d.dataset = of_dataset AND d.keep = 'latest_file');
BEGIN
  -- The dataset's lock comes before any row's: loads hold it and never wait for a file's row.
  IF keep_latest AND (EXISTS (SELECT FROM penstock.full_files(of_dataset, file_ids))
      OR EXISTS (SELECT FROM penstock.outdated_files(of_dataset))) THEN
    PERFORM pg_advisory_xact_lock(penstock.dataset_lock(of_dataset));
  END IF;
  FOR one IN SELECT * FROM penstock.full_files(of_dataset, file_ids) u ORDER BY u.file_id LOOP
    UPDATE penstock.file f SET state = 'complete', complete_at = clock_timestamp(), size = one.size
      WHERE f.dataset = of_dataset AND f.file_id = one.file_id AND f.state = 'loading';
    IF FOUND THEN
      completed := completed + 1;
      PERFORM pg_notify('penstock_loaded', of_dataset || ' ' || one.file_id);
    END IF;
  END LOOP;
  IF keep_latest AND EXISTS (SELECT FROM penstock.outdated_files(of_dataset)) THEN
    PERFORM penstock.supersede_files(of_dataset);
  END IF;
  RETURN completed;
END $$;

-- Marks what a worker that crashed after its commit left unmarked. For the scheduler; returns how many.
CREATE FUNCTION penstock.sweep_complete() RETURNS bigint
LANGUAGE sql SET search_path FROM CURRENT AS $$
  SELECT coalesce(sum(penstock.complete_files(f.dataset, f.ids)), 0)::bigint
  FROM (SELECT dataset, array_agg(file_id) AS ids FROM penstock.file
        WHERE state = 'loading' AND chunks IS NOT NULL GROUP BY dataset) f
$$;

-- Ends the sessions of workers that hold a dataset's lock and have not spoken for `silence`: their process
-- is frozen or their machine gone, and they keep others from the chunks in their hands.
CREATE FUNCTION penstock.end_silent_workers(of_dataset text, silence interval) RETURNS bigint
LANGUAGE sql SET search_path FROM CURRENT AS $$
  SELECT count(*) FILTER (WHERE pg_terminate_backend(a.pid))
  FROM pg_stat_activity a
  WHERE a.pid <> pg_backend_pid() AND a.usename = current_user
    AND a.application_name LIKE 'penstock%'
    AND (a.state LIKE 'idle in transaction%' OR (a.state = 'active' AND a.wait_event = 'ClientRead'))
    AND a.state_change < clock_timestamp() - silence
    AND EXISTS (
      SELECT FROM pg_locks l
      WHERE l.pid = a.pid AND l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (l.classid::bigint << 32 | l.objid::bigint) = penstock.dataset_lock(of_dataset))
$$;

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
  coalesce(sum(rows) FILTER (WHERE state IN ('loading', 'complete')), 0)::bigint AS rows,
  coalesce(sum(rejects), 0)::bigint AS rejects,
  coalesce(sum(dead_letters), 0)::bigint AS dead_letters,
  max(complete_at) AS last_complete_at
FROM penstock.file_status
GROUP BY dataset;
