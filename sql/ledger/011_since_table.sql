-- A table that another dataset has loaded, too (one was renamed): what the ledger tells about this one
-- is not all that is new in the table.
CREATE OR REPLACE FUNCTION penstock.dataset_rewritten(of_dataset text, seen pg_snapshot) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
  SELECT CASE
    WHEN EXISTS (SELECT FROM penstock.rewrite r
                 WHERE r.dataset = of_dataset AND NOT pg_visible_in_snapshot(r.txid, seen))
      THEN 'rows were removed or rewritten: ' || of_dataset
    WHEN EXISTS (SELECT FROM penstock.chunk c
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
