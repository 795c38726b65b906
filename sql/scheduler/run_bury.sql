-- Under the runs' lock nobody but run $1 is running, and whoever waits has a session.
UPDATE penstock.run r
SET state = 'failed', finished_at = clock_timestamp(), error = 'the process ended before the run did'
WHERE r.run_id <> $1::bigint
  AND (r.state = 'running' OR (r.state = 'queued'
    AND NOT EXISTS (SELECT FROM penstock.run_session s WHERE s.run_id = r.run_id)))
