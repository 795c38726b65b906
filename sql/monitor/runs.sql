SELECT run_id, trigger, state,
  to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS started_at,
  round(extract(epoch FROM coalesce(finished_at, clock_timestamp()) - started_at)::numeric, 3)
    AS seconds,
  error
FROM penstock.run
ORDER BY run_id DESC
LIMIT 5
