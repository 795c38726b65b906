-- A worker beats every few seconds; one that has been silent for half a minute is taken for dead.
SELECT worker, state,
  CASE WHEN state <> 'stopped' AND now() - heartbeat_at < interval '30 seconds'
    THEN 1 ELSE 0 END AS alive,
  round(extract(epoch FROM now() - heartbeat_at)::numeric, 1) AS heartbeat_seconds,
  chunks, rows, rejects, partitions,
  array_to_string(paused, '; ') AS paused, array_to_string(stopped, '; ') AS stopped
FROM penstock.worker
WHERE heartbeat_at > now() - interval '1 day'
ORDER BY heartbeat_at DESC, worker
LIMIT 200
