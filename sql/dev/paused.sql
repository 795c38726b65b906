-- What the living workers wait for, one line.
SELECT coalesce(string_agg(DISTINCT paused, '; '), '')
FROM penstock.worker
WHERE paused <> '' AND heartbeat_at > now() - interval '30 seconds';
