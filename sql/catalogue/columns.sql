-- Columns of the relations named in $1 ("schema.name"): relation, column, type, whether it may be null
SELECT r.name, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull
FROM unnest($1::text[]) AS r (name)
JOIN pg_namespace n ON n.nspname = split_part(r.name, '.', 1)
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = substr(r.name, strpos(r.name, '.') + 1)
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY r.name, a.attnum
