-- The caller holds the job's lock: what still seems to run died with its process.
-- $1 job, $2 trigger, $3 the batch run or null, $4 holder
WITH died AS (
  UPDATE penstock.job_run SET state = 'failed', finished_at = clock_timestamp(),
    error = 'the process ended before the job did'
  WHERE job = $1 AND state = 'running'),
old AS (
  DELETE FROM penstock.job_run WHERE job = $1 AND job_run_id <= (
    SELECT job_run_id FROM penstock.job_run WHERE job = $1
    ORDER BY job_run_id DESC LIMIT 1 OFFSET 199))
INSERT INTO penstock.job_run (job, trigger, run_id, holder) VALUES ($1, $2, $3::bigint, $4)
RETURNING job_run_id
