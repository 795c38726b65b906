-- $1 worker, $2 state, $3 chunks, $4 rows, $5 rejects, $6 partitions, $7 paused, $8 stopped
WITH forgotten AS (
  DELETE FROM penstock.worker WHERE heartbeat_at < now() - interval '1 day' AND worker <> $1
)
INSERT INTO penstock.worker (worker, state, chunks, rows, rejects, partitions, paused, stopped)
VALUES ($1, $2, $3::bigint, $4::bigint, $5::bigint, $6, $7::text[], $8::text[])
ON CONFLICT (worker) DO UPDATE SET
  heartbeat_at = now(),
  state = excluded.state,
  chunks = excluded.chunks,
  rows = excluded.rows,
  rejects = excluded.rejects,
  partitions = excluded.partitions,
  paused = excluded.paused,
  stopped = excluded.stopped;
