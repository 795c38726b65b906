-- As before, and only where the caller may lock the rows referred to: that takes the right to update them.
CREATE OR REPLACE FUNCTION penstock.take_over_keys(
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
