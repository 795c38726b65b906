-- $1 dataset, $2 file name or pattern, $3 how many; '' is any.
SELECT f.name AS file, r.dataset, r.record, r.byte_start, r.byte_end, r.column_name AS "column", r.stage,
  r.reason, r.original
FROM penstock.reject r
JOIN penstock.file f ON f.dataset = r.dataset AND f.file_id = r.file_id
-- A correction has rejects of its own.
WHERE f.state <> 'retracted'
  AND ($1::text = '' OR r.dataset = $1::text)
  AND ($2::text = '' OR f.name = $2::text OR f.name LIKE '%/' || $2::text)
ORDER BY r.dataset, r.file_id, r.record, r.row_number
LIMIT $3::bigint
