-- Asks runs to end in the name of $1: run $2, or what runs now where it is null. $3: the run that takes their place,
-- which means all that are older; null: a person asks. A run whose commit has begun is waited for, and kept.
UPDATE penstock.run r
SET cancelled_by = coalesce(r.cancelled_by, $1), replaced_by = coalesce(r.replaced_by, $3::bigint)
WHERE CASE WHEN $3::bigint IS NOT NULL THEN r.run_id < $3::bigint AND r.state IN ('queued', 'running')
  WHEN $2::bigint IS NOT NULL THEN r.run_id = $2::bigint AND r.state IN ('queued', 'running')
  ELSE r.state = 'running' END
RETURNING r.run_id
