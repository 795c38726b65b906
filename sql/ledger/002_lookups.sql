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
  EXECUTE format('SELECT array_agg(wanted.label) FROM unnest($1) AS wanted (label)'
    ' WHERE NOT EXISTS (SELECT FROM %s d WHERE d.%I = wanted.label)', dimension, label)
    INTO missing USING texts;
  EXECUTE format('INSERT INTO %1$s (%2$I) SELECT wanted.label FROM unnest($1) AS wanted (label)'
    ' ORDER BY wanted.label COLLATE "C" ON CONFLICT (%2$I) DO NOTHING', dimension, label) USING missing;
  RETURN QUERY EXECUTE find USING texts;
END $$;

-- Whether the caller is to check foreign keys itself until this transaction ends, once a key instead of once a row:
-- Postgres' own checks, which are triggers, then sleep. Only where the role may do that, where it may lock the rows
-- referred to (that takes the right to update them), and where the table has no other triggers. columns, dimensions
-- and ids say what refers to what.
CREATE FUNCTION penstock.take_over_keys(
  target regclass, columns name[], dimensions regclass[], ids name[])
RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM unnest(dimensions) AS u (dimension)
             WHERE NOT has_any_column_privilege(u.dimension, 'UPDATE'))
    OR EXISTS (
      SELECT FROM pg_catalog.pg_trigger t
      WHERE t.tgrelid = target AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_constraint k
        JOIN unnest(columns, dimensions, ids) AS u (col, dimension, id) ON u.dimension = k.confrelid
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attname = u.col
        JOIN pg_catalog.pg_attribute i ON i.attrelid = k.confrelid AND i.attname = u.id
        WHERE k.oid = t.tgconstraint AND k.contype = 'f' AND k.conrelid = target
          AND k.conkey = ARRAY[a.attnum] AND k.confkey = ARRAY[i.attnum]))
  THEN
    RETURN false;
  END IF;
  PERFORM set_config('session_replication_role', 'replica', true);
  RETURN true;
EXCEPTION WHEN insufficient_privilege THEN
  RETURN false;
END $$;

-- How many of the keys stand for the text beside them. With `locked` those rows stay as they are until this
-- transaction ends, as a foreign key has it; without, the caller's foreign keys have locked them.
CREATE FUNCTION penstock.hold_texts(
  dimension regclass, id name, label name, locked boolean, keys integer[], texts text[])
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  held bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM (SELECT FROM unnest($1, $2) AS wanted (id, label)'
    ' JOIN %s d ON d.%I = wanted.id AND d.%I = wanted.label%s) held',
    dimension, id, label, CASE WHEN locked THEN ' FOR KEY SHARE OF d' ELSE '' END)
    INTO held USING keys, texts;
  RETURN held;
END $$;
