-- As before, whatever the columns of the table of texts are called.
CREATE OR REPLACE FUNCTION penstock.look_up(dimension regclass, id name, label name, texts text[])
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
  EXECUTE format('SELECT array_agg(wanted.label) FROM unnest($1) AS wanted (label)'
    ' WHERE NOT EXISTS (SELECT FROM %s d WHERE d.%I = wanted.label)', dimension, label)
    INTO missing USING texts;
  EXECUTE format('INSERT INTO %1$s (%2$I) SELECT wanted.label FROM unnest($1) AS wanted (label)'
    ' ORDER BY wanted.label COLLATE "C" ON CONFLICT (%2$I) DO NOTHING', dimension, label) USING missing;
  RETURN QUERY EXECUTE find USING texts;
END $$;
