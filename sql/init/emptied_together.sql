-- Tables to be emptied in one statement. $1: tables that are loaded; $2: the tables of texts they refer to. A table
-- of texts that others refer to as well keeps its rows.
WITH given AS (
  SELECT to_regclass(t) AS oid, false AS is_lookup FROM unnest($1::text[]) t
  UNION ALL
  SELECT to_regclass(t), true FROM unnest($2::text[]) t
)
SELECT DISTINCT g.oid::regclass::text AS name,
  g.is_lookup AND EXISTS (
    SELECT FROM pg_catalog.pg_constraint k
    WHERE k.contype = 'f' AND k.confrelid = g.oid
      AND k.conrelid NOT IN (SELECT oid FROM given WHERE oid IS NOT NULL)) AS is_kept, g.is_lookup
FROM given g
JOIN pg_catalog.pg_class c ON c.oid = g.oid AND c.relkind IN ('r', 'p')
ORDER BY g.is_lookup, name
