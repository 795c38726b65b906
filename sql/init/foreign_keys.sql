-- The foreign keys of one column. $1, $2: its table; $3: the column.
SELECT k.conname, fn.nspname AS to_schema, f.relname AS to_table, fa.attname AS to_column
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND k.conkey = ARRAY[a.attnum]
JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace
JOIN pg_catalog.pg_attribute fa ON fa.attrelid = f.oid AND fa.attnum = k.confkey[1]
WHERE k.contype = 'f' AND n.nspname = $1 AND c.relname = $2 AND a.attname = $3
ORDER BY k.conname
