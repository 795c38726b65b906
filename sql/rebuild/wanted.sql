-- Files of whose chunks in the ledger some are not built aside yet, the oldest first.
-- $1 dataset, $2 keep: latest_file
SELECT f.file_id, f.sha256, f.name
FROM penstock.file f
WHERE f.dataset = $1
  AND f.file_id IN (SELECT penstock.counted_files($1, $2::boolean,
    ARRAY(SELECT l.file_id FROM pg_temp.penstock_left_out l)))
  AND EXISTS (
    SELECT FROM penstock.chunk c
    WHERE c.dataset = f.dataset AND c.file_id = f.file_id AND c.rows > 0
      AND NOT EXISTS (SELECT FROM pg_temp.penstock_rebuilt r
                      WHERE r.file_id = c.file_id AND r.chunk = c.chunk))
ORDER BY f.file_id
LIMIT 500
