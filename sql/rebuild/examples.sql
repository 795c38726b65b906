-- $1 dataset, $2 how many of each kind
SELECT d.kind, d.key_text, d.file_id, f.name, (d.row_number - 1) / r.width + 1 AS record
FROM (SELECT *, row_number() OVER (PARTITION BY kind ORDER BY file_id, row_number) AS place
      FROM pg_temp.penstock_difference) d
LEFT JOIN penstock.file f ON f.dataset = $1 AND f.file_id = d.file_id
LEFT JOIN (SELECT file_id, max(width) AS width FROM pg_temp.penstock_rebuilt GROUP BY file_id) r
  ON r.file_id = d.file_id
WHERE d.place <= $2::bigint
ORDER BY d.kind, d.place
