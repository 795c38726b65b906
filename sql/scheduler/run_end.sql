-- Run $1 has ended without publishing: $2 says why; $3: its process was told to stop. Waits for a commit still under
-- way on a lost connection.
UPDATE penstock.run
SET state = CASE WHEN cancelled_by IS NOT NULL OR $3::boolean THEN 'cancelled' ELSE 'failed' END,
  error = coalesce('cancelled by ' || cancelled_by, $2),
  finished_at = clock_timestamp()
WHERE run_id = $1::bigint AND state IN ('queued', 'running')
