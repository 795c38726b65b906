-- Notes relation $1 and all that reads it, so that they can be dropped and made again. $2: names of
-- the models of this run, which are made from their files.
CREATE TEMP TABLE penstock_rebuild ON COMMIT DROP AS
WITH RECURSIVE reader (oid, depth) AS (
  SELECT to_regclass($1)::oid, 0
  UNION
  SELECT w.ev_class, r.depth + 1
  FROM reader r
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid
    AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite w ON w.oid = d.objid AND w.ev_class <> r.oid
), placed AS (
  SELECT oid, max(depth) AS depth FROM reader GROUP BY oid
)
SELECT p.oid, p.depth, n.nspname AS schema, c.relname AS name, c.relkind AS kind,
  (n.nspname || '.' || c.relname) = ANY ($2::text[]) AS is_model,
  false AS restored,
  c.relrowsecurity OR EXISTS (SELECT FROM pg_policy y WHERE y.polrelid = c.oid) AS has_policies,
  CASE c.relkind
    WHEN 'v' THEN format('CREATE VIEW %I.%I%s AS %s', n.nspname, c.relname,
      ' WITH (' || array_to_string(c.reloptions, ', ') || ')', rtrim(pg_get_viewdef(c.oid), '; '))
    WHEN 'm' THEN format('CREATE MATERIALIZED VIEW %I.%I AS %s WITH %sDATA', n.nspname, c.relname,
      rtrim(pg_get_viewdef(c.oid), '; '), CASE WHEN c.relispopulated THEN '' ELSE 'NO ' END)
  END AS create_sql,
  CASE c.relkind WHEN 'v' THEN format('DROP VIEW %I.%I', n.nspname, c.relname)
    WHEN 'm' THEN format('DROP MATERIALIZED VIEW %I.%I', n.nspname, c.relname)
    ELSE format('DROP TABLE %I.%I', n.nspname, c.relname) END AS drop_sql,
  ARRAY(SELECT q.oid FROM placed q
        WHERE q.oid <> p.oid AND EXISTS (
          SELECT FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid
          WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = q.oid
            AND d.classid = 'pg_rewrite'::regclass AND w.ev_class = p.oid)) AS parents
FROM placed p JOIN pg_class c ON c.oid = p.oid JOIN pg_namespace n ON n.oid = c.relnamespace
