-- $1 dataset, $2 file id, $3 row number: the file and the chunk a row came with.
SELECT f.sha256, f.name, f.state, c.chunk, c.partition, c."offset", c.worker,
  to_char(c.loaded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS loaded_at
FROM penstock.file f
LEFT JOIN LATERAL (
  SELECT * FROM penstock.chunk c
  WHERE c.dataset = f.dataset AND c.file_id = f.file_id AND c.first_row <= $3::bigint
  ORDER BY c.first_row DESC, c.chunk DESC
  LIMIT 1
) c ON true
WHERE f.dataset = $1 AND f.file_id = $2::bigint;
