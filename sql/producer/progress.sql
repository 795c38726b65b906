-- How far one publication is.
-- $1 dataset, $2 file id
WITH alive AS (
  SELECT * FROM penstock.worker
  WHERE state <> 'stopped' AND heartbeat_at > now() - interval '30 seconds'
)
SELECT coalesce(f.state, 'loading') AS state,
  (SELECT count(*) FROM penstock.chunk c WHERE c.dataset = $1 AND c.file_id = $2::bigint) AS chunks,
  (SELECT coalesce(sum(c.rows), 0)::bigint FROM penstock.chunk c
    WHERE c.dataset = $1 AND c.file_id = $2::bigint) AS rows,
  (SELECT coalesce(sum(c.rejects), 0)::bigint FROM penstock.chunk c
    WHERE c.dataset = $1 AND c.file_id = $2::bigint) AS rejects,
  (SELECT count(*) FROM penstock.dead_letter d
    WHERE d.dataset = $1 AND d.file_id = $2::bigint AND d.replayed_at IS NULL
      AND NOT EXISTS (SELECT FROM penstock.chunk c
        WHERE c.dataset = d.dataset AND c.file_id = d.file_id AND c.chunk = d.chunk)) AS dead_letters,
  (SELECT reason FROM alive, unnest(paused) AS reason
    WHERE starts_with(reason, $1 || ': ') ORDER BY heartbeat_at DESC LIMIT 1) AS paused,
  (SELECT reason FROM alive, unnest(stopped) AS reason
    WHERE starts_with(reason, $1 || ': ') ORDER BY heartbeat_at DESC LIMIT 1) AS stopped
FROM (VALUES (1)) one (x)
LEFT JOIN penstock.file f ON f.dataset = $1 AND f.file_id = $2::bigint
