-- Texts that become keys: docs/lookups.md.

-- The keys of texts in a table of texts. Rows are made for those that have none, by one caller at a time, so that
-- no key is spent in vain; all in one statement, so that a caller that freezes keeps nobody waiting. Keys come
-- back for every text that has one at the end.
CREATE FUNCTION penstock.look_up(dimension regclass, id name, label name, texts text[])
RETURNS TABLE (found_label text, found_id integer)
LANGUAGE plpgsql SET lock_timeout TO '10s' AS $$
DECLARE
  find text := format('SELECT d.%1$I::text, d.%2$I::integer FROM %3$s d WHERE d.%1$I = ANY ($1)',
    label, id, dimension);
  found bigint;
  missing text[];
BEGIN
  RETURN QUERY EXECUTE find USING texts;
  GET DIAGNOSTICS found = ROW_COUNT;
  IF found = cardinality(texts) THEN
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('penstock.look_up ' || dimension::oid, 0));
  EXECUTE format('SELECT array_agg(t) FROM unnest($1) t WHERE NOT EXISTS (SELECT FROM %s d WHERE d.%I = t)',
    dimension, label) INTO missing USING texts;
  EXECUTE format('INSERT INTO %1$s (%2$I) SELECT t FROM unnest($1) t ORDER BY t COLLATE "C"'
    ' ON CONFLICT (%2$I) DO NOTHING', dimension, label) USING missing;
  RETURN QUERY EXECUTE find USING texts;
END $$;
