-- A new run, in $5 'running' or 'queued'. $1 trigger, $2 generation (null: the leader's), $3 models, $4 holder,
-- $6 attempt.
INSERT INTO penstock.run (trigger, state, generation, models, holder, attempt, backend, backend_start)
SELECT $1, $5, coalesce($2::bigint, (SELECT l.generation FROM penstock.leader l WHERE l.name = 'scheduler'), 0),
  $3::text[], $4, $6::integer, a.pid, a.backend_start
FROM pg_stat_activity a
WHERE a.pid = pg_backend_pid()
RETURNING run_id
