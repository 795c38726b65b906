-- What the ledger says is wrong now: kind, subject, text; at most 1,000 of a kind.
-- $1 datasets, $2 for each, after how many milliseconds without a complete file it is stale.
(SELECT 'quarantine' AS kind, f.dataset || ' ' || f.file_id AS subject,
  f.name || ' of dataset ' || f.dataset || ' is quarantined: ' || f.reason AS text
FROM penstock.file f
WHERE f.state = 'quarantined'
ORDER BY f.file_id DESC LIMIT 1000)
UNION ALL
(SELECT 'dead_letter', coalesce(d.dataset, ''),
  count(*) || ' dead ' || CASE count(*) WHEN 1 THEN 'letter' ELSE 'letters' END
    || coalesce(' of dataset ' || d.dataset, '') || ': ' || max(d.reason)
FROM penstock.dead_letter d
WHERE d.replayed_at IS NULL
GROUP BY d.dataset)
UNION ALL
(SELECT t.kind, split_part(t.reason, ': ', 1), 'workers ' || t.did || ' dataset ' || min(t.reason)
FROM penstock.worker w
CROSS JOIN LATERAL (
  SELECT 'stopped_dataset' AS kind, 'have stopped' AS did, s.reason FROM unnest(w.stopped) AS s (reason)
  UNION ALL
  SELECT 'paused_dataset', 'try in vain to load', p.reason FROM unnest(w.paused) AS p (reason)) t
WHERE w.state <> 'stopped' AND w.heartbeat_at > now() - interval '30 seconds'
GROUP BY t.kind, t.did, 2)
UNION ALL
(SELECT 'failed_run', 'models', 'run ' || r.run_id || ' failed, old results are kept: ' || r.error
FROM (SELECT * FROM penstock.run
      WHERE trigger <> 'check' AND state IN ('published', 'failed')
      ORDER BY run_id DESC LIMIT 1) r
WHERE r.state = 'failed')
UNION ALL
(SELECT 'failed_check', c.name,
  'check ' || c.name || CASE c.state WHEN 'warn' THEN ' warns: ' ELSE ' failed: ' END || c.message
FROM penstock.check_status c
WHERE c.state <> 'pass'
ORDER BY c.name LIMIT 1000)
UNION ALL
(SELECT 'failed_job', j.job,
  'job ' || j.job || ' ' || replace(j.state, '_', ' ') || ': ' || j.error
FROM (SELECT DISTINCT ON (job) job, state, error FROM penstock.job_run
      WHERE state <> 'running' ORDER BY job, job_run_id DESC) j
WHERE j.state NOT IN ('succeeded', 'stopped'))
UNION ALL
(SELECT 'stale_dataset', w.dataset,
  'dataset ' || w.dataset || ': no file became complete since '
    || to_char(l.last AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM unnest($1::text[], $2::bigint[]) AS w (dataset, ms)
CROSS JOIN LATERAL (
  SELECT coalesce(
    (SELECT max(f.complete_at) FROM penstock.file f WHERE f.dataset = w.dataset),
    (SELECT min(s.recorded_at) FROM penstock.schema s WHERE s.dataset = w.dataset)) AS last) l
WHERE l.last < clock_timestamp() - w.ms * interval '1 millisecond')
