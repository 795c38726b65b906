-- Files with rejects whose rows count. $1 dataset, $2 file name, $3 beginning of the hash; null is any.
SELECT f.dataset, f.file_id, f.sha256,
  EXISTS (SELECT FROM penstock.reject r WHERE r.dataset = f.dataset AND r.file_id = f.file_id AND r.stage = 'load')
FROM penstock.file f
WHERE f.state IN ('loading', 'complete') AND ($1::text IS NULL OR f.dataset = $1)
  AND ($2::text IS NULL OR f.name = $2) AND ($3::text IS NULL OR starts_with(f.sha256, $3))
  AND EXISTS (SELECT FROM penstock.reject r WHERE r.dataset = f.dataset AND r.file_id = f.file_id)
ORDER BY f.dataset, f.file_id
LIMIT 10000
