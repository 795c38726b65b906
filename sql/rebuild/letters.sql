-- Dead letters that were not sent again. $1 dataset, $2 file name; null is any.
SELECT d.topic, d.partition, d."offset", d.dataset, f.name, d.file_id, d.reason
FROM penstock.dead_letter d
LEFT JOIN penstock.file f ON f.dataset = d.dataset AND f.file_id = d.file_id
WHERE d.replayed_at IS NULL AND ($1::text IS NULL OR d.dataset = $1) AND ($2::text IS NULL OR f.name = $2)
ORDER BY d.topic, d.partition, d."offset"
LIMIT 10000
