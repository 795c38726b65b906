-- "Since the last batch": what a model's snapshot could not see. Exact, without a clock; docs/ledger.md.

-- The last publication of each model.
CREATE TABLE penstock.model (
  model text PRIMARY KEY,
  run_id bigint NOT NULL,
  definition text NOT NULL,          -- digest of the SQL that was published
  snapshot pg_snapshot NOT NULL,     -- what the publication saw
  origin bigint NOT NULL,            -- of the snapshot; 0: it means nothing here any more
  live boolean NOT NULL DEFAULT false, -- a view <model>_live was made
  published_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What the tables of incremental models hold, beside penstock.model: docs/models.md.
CREATE TABLE penstock.incremental (
  model text PRIMARY KEY,
  relation oid NOT NULL,             -- the table; one that was made anew holds something else
  basis text NOT NULL,               -- digest of all that its rows depend on, but for the rows of datasets
  run_id bigint NOT NULL
);

-- Whether transaction ids of elsewhere stand in the ledger.
CREATE FUNCTION penstock.is_restored() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
  SELECT EXISTS (SELECT FROM penstock.chunk c WHERE c.origin < penstock.origin())
    OR EXISTS (SELECT FROM penstock.chunk c WHERE c.origin > penstock.origin())
    OR EXISTS (SELECT FROM penstock.rewrite r WHERE r.origin <> penstock.origin())
$$;

-- Before a run: what came with a restore counts as seen by every snapshot from now on, and older
-- snapshots count no more. Returns whether there was anything.
CREATE FUNCTION penstock.adopt() RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  here bigint := penstock.origin();
  found_any boolean;
BEGIN
  UPDATE penstock.chunk SET txid = '3', origin = here WHERE origin < here OR origin > here;
  found_any := FOUND;
  UPDATE penstock.rewrite SET txid = '3', origin = here WHERE origin <> here;
  found_any := found_any OR FOUND;
  UPDATE penstock.model SET origin = 0 WHERE origin <> 0 AND (found_any OR origin <> here);
  RETURN found_any OR FOUND;
END $$;

-- Whether a dataset's table is still what a snapshot saw, but for rows that were added: null, or why not.
-- A table that another dataset has loaded, too (one was renamed), is not: what the ledger tells about this one
-- is not all that is new in it. but_replaced: rows that took the place of others with their key do not count.
CREATE FUNCTION penstock.dataset_rewritten(of_dataset text, seen pg_snapshot, but_replaced boolean) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
  SELECT CASE
    WHEN EXISTS (SELECT FROM penstock.rewrite r
                 WHERE r.dataset = of_dataset AND NOT pg_visible_in_snapshot(r.txid, seen))
      THEN 'rows were removed or rewritten: ' || of_dataset
    WHEN NOT but_replaced AND EXISTS (SELECT FROM penstock.chunk c
                 WHERE c.dataset = of_dataset AND c.replaced > 0 AND c.txid >= pg_snapshot_xmin(seen)
                   AND NOT pg_visible_in_snapshot(c.txid, seen))
      THEN 'rows were replaced: ' || of_dataset
    WHEN EXISTS (SELECT FROM penstock.dataset d
                 JOIN penstock.dataset o ON (o.table_schema, o.table_name) = (d.table_schema, d.table_name)
                   AND o.dataset <> d.dataset
                 JOIN penstock.chunk c ON c.dataset = o.dataset
                 WHERE d.dataset = of_dataset AND c.rows > 0 AND c.txid >= pg_snapshot_xmin(seen)
                   AND NOT pg_visible_in_snapshot(c.txid, seen))
      THEN 'another dataset loaded its table: ' || of_dataset
  END
$$;

-- Null: a model's last publication and the rows of `growing` loaded since (penstock.since_rows) make up
-- what its query would give now. Otherwise why only the full query is right: it was never published, its
-- SQL was another, a restore, rows of `growing` replaced or removed, anything new in one of `fixed`.
-- keyed: a row of `growing` gives the row of the result that has its key, so that replaced rows do not matter.
CREATE FUNCTION penstock.full_reason(
  of_model text, of_definition text, growing text, fixed text[], keyed boolean DEFAULT false)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT CASE
    WHEN m.model IS NULL THEN 'never published'
    WHEN m.definition <> of_definition THEN 'its SQL has changed since'
    WHEN m.origin <> penstock.origin() OR penstock.is_restored() THEN 'the database was restored'
    ELSE coalesce(
      (SELECT min(penstock.dataset_rewritten(d.dataset, m.snapshot, keyed AND d.dataset = growing))
       FROM unnest(growing || fixed) AS d (dataset)),
      (SELECT 'rows were added: ' || c.dataset FROM penstock.chunk c
       WHERE c.dataset = ANY (fixed) AND c.rows > 0 AND c.txid >= pg_snapshot_xmin(m.snapshot)
         AND NOT pg_visible_in_snapshot(c.txid, m.snapshot)
       LIMIT 1))
  END
  FROM (VALUES (of_model)) w (model) LEFT JOIN penstock.model m ON m.model = w.model
$$;

-- The rows (_file, _row) of a dataset that a model's last publication could not see, as ranges that do
-- not overlap. Only right where full_reason is null. A chunk's rows end before the next loaded chunk's.
CREATE FUNCTION penstock.since_rows(of_model text, of_dataset text)
RETURNS TABLE (file_id bigint, first_row bigint, last_row bigint)
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path FROM CURRENT ROWS 20 AS $$
  SELECT c.file_id, c.first_row, coalesce(
    (SELECT n.first_row - 1 FROM penstock.chunk n
     WHERE n.dataset = c.dataset AND n.file_id = c.file_id AND n.chunk > c.chunk
     ORDER BY n.chunk LIMIT 1), 9223372036854775807)
  FROM penstock.model m, penstock.chunk c
  WHERE m.model = of_model AND c.dataset = of_dataset AND c.rows > 0
    AND c.txid >= pg_snapshot_xmin(m.snapshot) AND NOT pg_visible_in_snapshot(c.txid, m.snapshot)
$$;
