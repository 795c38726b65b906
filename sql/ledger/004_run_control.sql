-- Runs that wait for their turn, tell how far they are, and can be cancelled from any machine.
ALTER TABLE penstock.run
  DROP CONSTRAINT run_state_check,
  ADD CONSTRAINT run_state_check CHECK (state IN ('queued', 'running', 'published', 'failed', 'cancelled')),
  ADD COLUMN attempt integer NOT NULL DEFAULT 1,      -- of the same work, after a passing trouble
  ADD COLUMN models text[] NOT NULL DEFAULT '{}',     -- in the order in which they are made
  ADD COLUMN holder text NOT NULL DEFAULT '',         -- host:pid
  ADD COLUMN backend integer,                         -- its session's process in Postgres ...
  ADD COLUMN backend_start timestamptz,               -- ... which is the same only with the same start
  ADD COLUMN cancelled_by text,                       -- who asked it to end; null: nobody
  ADD COLUMN replaced_by bigint;                      -- the run that did

-- Sessions of runs under way. A process id may be used again and a pooled session belong to another by now:
-- the start and the session's name tell. A role that may not see the start goes by the name.
CREATE VIEW penstock.run_session AS
SELECT r.run_id, a.pid, split_part(a.application_name, ': ', 2) AS doing
FROM penstock.run r
JOIN pg_stat_activity a ON a.pid = r.backend AND a.datname = current_database()
  AND coalesce(a.backend_start = r.backend_start, true)
  AND starts_with(a.application_name, 'penstock run ' || r.run_id || ': ')
WHERE r.state IN ('queued', 'running');

CREATE VIEW penstock.run_status AS
SELECT r.run_id, r.trigger, r.state, r.attempt, r.holder, r.started_at,
  coalesce(r.finished_at, clock_timestamp()) - r.started_at AS took,
  CASE
    WHEN r.state NOT IN ('queued', 'running') THEN ''
    WHEN r.cancelled_by IS NOT NULL THEN 'ending, ' || r.cancelled_by || ' cancels it'
    WHEN s.doing IS NULL THEN 'its session is gone'
    WHEN s.doing ~ '^model [0-9]+$'
      THEN format('%s of %s: %s', s.doing, cardinality(r.models), r.models[substr(s.doing, 7)::integer])
    ELSE s.doing
  END AS progress,
  r.error
FROM penstock.run r
LEFT JOIN penstock.run_session s USING (run_id);
