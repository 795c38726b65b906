-- What the living workers wait for, and what they have given up: one line each.
SELECT coalesce(string_agg(DISTINCT p.reason, '; '), '') AS paused, coalesce(string_agg(DISTINCT s.reason, '; '), '') AS stopped
FROM penstock.worker w
LEFT JOIN LATERAL unnest(w.paused) AS p (reason) ON true
LEFT JOIN LATERAL unnest(w.stopped) AS s (reason) ON true
WHERE w.state <> 'stopped' AND w.heartbeat_at > now() - interval '30 seconds';
