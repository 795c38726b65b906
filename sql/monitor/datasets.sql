SELECT f.dataset, f.complete AS files_complete, f.loading AS files_loading,
  f.quarantined AS files_quarantined, coalesce(c.rows, 0) AS rows, coalesce(c.rejects, 0) AS rejects,
  (SELECT count(*) FROM penstock.dead_letter d
    WHERE d.dataset = f.dataset AND d.replayed_at IS NULL) AS dead_letters,
  to_char(f.last_complete AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS last_complete_at
FROM (
  SELECT dataset, count(*) FILTER (WHERE state = 'complete') AS complete,
    count(*) FILTER (WHERE state = 'loading') AS loading,
    count(*) FILTER (WHERE state = 'quarantined') AS quarantined, max(complete_at) AS last_complete
  FROM penstock.file GROUP BY dataset
) f
LEFT JOIN (
  SELECT dataset, sum(rows)::bigint AS rows, sum(rejects)::bigint AS rejects
  FROM penstock.chunk GROUP BY dataset
) c ON c.dataset = f.dataset
ORDER BY f.dataset
