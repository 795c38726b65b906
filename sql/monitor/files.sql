-- What is not finished, or was refused: the newest first.
SELECT dataset, name, state, chunks_loaded, chunks, rows, rejects, dead_letters,
  to_char(first_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS first_at, reason
FROM penstock.file_status
WHERE state IN ('loading', 'quarantined')
ORDER BY file_id DESC
LIMIT 50
