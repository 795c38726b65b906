-- What a table of texts is like. $1, $2: its name; $3, $4: the columns of keys and texts. No row: there is no such
-- table; null: there is no such column.
WITH relation AS (
  SELECT c.oid, c.relkind FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relname = $2
), col AS (
  SELECT a.attname, a.attnotnull, format_type(a.atttypid, a.atttypmod) AS type,
    a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '' AS filled,
    coalesce(l.collisdeterministic, true) AS by_bytes,
    EXISTS (
      SELECT FROM pg_catalog.pg_index i
      WHERE i.indrelid = relation.oid AND i.indisunique AND i.indimmediate AND i.indisvalid
        AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum) AS is_unique
  FROM relation
  JOIN pg_catalog.pg_attribute a ON a.attrelid = relation.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
)
SELECT relation.relkind, id.type AS id_type, id.is_unique AS id_unique, id.filled AS id_filled,
  label.type AS label_type, label.is_unique AND label.attnotnull AS label_unique, label.by_bytes,
  (SELECT string_agg(quote_ident(col.attname), ', ') FROM col
   WHERE col.attnotnull AND NOT col.filled AND col.attname NOT IN ($3, $4)) AS unfilled
FROM relation
LEFT JOIN col id ON id.attname = $3
LEFT JOIN col label ON label.attname = $4
