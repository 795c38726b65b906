-- What a column fills itself with goes on behind the greatest value there. $1: the table; $2: the column;
-- $3: its greatest value.
SELECT setval(s.name, greatest($3::bigint, coalesce(pg_sequence_last_value(s.name), 0)))
FROM (SELECT pg_get_serial_sequence($1, $2)::regclass AS name) s
WHERE s.name IS NOT NULL AND $3::bigint >= 1
