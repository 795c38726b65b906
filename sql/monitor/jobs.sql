SELECT DISTINCT ON (job) job, trigger, state,
  to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS started_at,
  round(extract(epoch FROM coalesce(finished_at, clock_timestamp()) - started_at)::numeric, 1)
    AS seconds,
  exit_code, error
FROM penstock.job_run
ORDER BY job, job_run_id DESC
