SELECT run_id, trigger, state,
  to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS started_at,
  round(extract(epoch FROM took)::numeric, 3) AS seconds,
  progress,
  error
FROM penstock.run_status
ORDER BY run_id DESC
LIMIT 5
