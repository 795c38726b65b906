-- $1 job: when it was last started by the clock, in seconds since 1970; null: never
SELECT extract(epoch FROM max(started_at))::bigint FROM penstock.job_run
WHERE job = $1 AND trigger = 'cron'
