-- $1 its number, $2 state, $3 exit code or null, $4 error, $5 output
UPDATE penstock.job_run SET state = $2, exit_code = $3::integer, error = $4, output = $5,
  finished_at = clock_timestamp()
WHERE job_run_id = $1::bigint AND state = 'running'
