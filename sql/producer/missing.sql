-- Which of these publications the ledger lacks a chunk of that has no dead letter either.
-- $1 dataset, $2 file ids, $3 how many chunks each of them has
SELECT w.file_id
FROM unnest($2::bigint[], $3::bigint[]) AS w (file_id, chunks)
LEFT JOIN penstock.file f ON f.dataset = $1 AND f.file_id = w.file_id
WHERE coalesce(f.state, 'loading') IN ('loading', 'complete')
  AND w.chunks > (
    SELECT count(*) FROM (
      SELECT c.chunk FROM penstock.chunk c WHERE c.dataset = $1 AND c.file_id = w.file_id
      UNION
      SELECT d.chunk FROM penstock.dead_letter d
      WHERE d.dataset = $1 AND d.file_id = w.file_id AND d.chunk IS NOT NULL
        AND d.replayed_at IS NULL
    ) known)
ORDER BY w.file_id
