-- What makes rows of a table refuse each other: unique indexes and exclusion constraints, with their columns.
SELECT i.indexrelid::regclass::text AS name, i.indisprimary, k.conname IS NOT NULL AS is_constraint,
  coalesce(k.conname, '') AS constraint_name,
  ARRAY(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY AS u (attnum, at)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum
        WHERE u.at <= i.indnkeyatts ORDER BY a.attname COLLATE "C")
  = ARRAY(SELECT key FROM unnest($3::text[]) AS key ORDER BY key COLLATE "C") AS is_key
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
  AND k.conrelid = i.indrelid
WHERE n.nspname = $1 AND c.relname = $2 AND (i.indisunique OR i.indisexclusion)
ORDER BY i.indisprimary DESC, name
