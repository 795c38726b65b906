-- Foreign keys to tables of texts: docs/lookups.md.

-- Whether the caller is to check them itself until this transaction ends, once a key instead of once a row:
-- Postgres' own checks, which are triggers, then sleep. Only where the role may do that, and where the table has no
-- other triggers. columns, dimensions and ids say what refers to what.
CREATE FUNCTION penstock.take_over_keys(target regclass, columns name[], dimensions regclass[], ids name[])
RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
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

-- How many of the keys there are; those rows stay until this transaction ends, as a foreign key has it.
CREATE FUNCTION penstock.hold_keys(dimension regclass, id name, keys integer[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  held bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM (SELECT FROM %s d WHERE d.%I = ANY ($1) FOR KEY SHARE) h', dimension, id)
    INTO held USING keys;
  RETURN held;
END $$;
