-- What stands under a name: one row a column, with the relation's own facts on each. No row: nothing.
-- A relation without columns gives one row with a null name.
SELECT c.relkind, c.relispopulated,
  CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
  obj_description(c.oid, 'pg_class'),
  a.attname, format_type(a.atttypid, a.atttypmod),
  CASE WHEN a.attcollation <> t.typcollation
    THEN (SELECT format('%I.%I', n.nspname, l.collname)
          FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = a.attcollation) END,
  col_description(c.oid, a.attnum)
FROM pg_class c
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_type t ON t.oid = a.atttypid
WHERE c.oid = to_regclass($1)
ORDER BY a.attnum
