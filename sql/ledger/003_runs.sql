-- Batch runs and jobs: who leads, what runs and ran, how far it is. docs/models.md.

CREATE TABLE penstock.leader (
  name text PRIMARY KEY,
  generation bigint NOT NULL,        -- grows with every election: the fencing token
  holder text NOT NULL,
  since timestamptz NOT NULL DEFAULT now()
);

-- A run waits for its turn, tells how far it is, and can be cancelled from any machine.
CREATE TABLE penstock.run (
  run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  trigger text NOT NULL,               -- 'cron', 'load', 'hand'
  state text NOT NULL CHECK (state IN ('queued', 'running', 'published', 'failed', 'cancelled')),
  generation bigint NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  snapshot pg_snapshot,                -- what the run saw
  system_identifier bigint,            -- of the cluster, so that a restore is noticed
  error text NOT NULL DEFAULT '',
  attempt integer NOT NULL DEFAULT 1,  -- of the same work, after a passing trouble
  models text[] NOT NULL DEFAULT '{}', -- in the order in which they are made
  holder text NOT NULL DEFAULT '',     -- host:pid
  backend integer,                     -- its session's process in Postgres ...
  backend_start timestamptz,           -- ... which is the same only with the same start
  cancelled_by text,                   -- who asked it to end; null: nobody
  replaced_by bigint                   -- the run that did
);

CREATE TABLE penstock.model_run (
  run_id bigint NOT NULL REFERENCES penstock.run,
  model text NOT NULL,
  materialized text NOT NULL,
  state text NOT NULL CHECK (state IN ('published', 'unchanged', 'failed', 'skipped')),
  inserted bigint NOT NULL DEFAULT 0,
  updated bigint NOT NULL DEFAULT 0,
  deleted bigint NOT NULL DEFAULT 0,
  milliseconds bigint NOT NULL DEFAULT 0,
  error text NOT NULL DEFAULT '',
  note text NOT NULL DEFAULT '',     -- how an incremental model was calculated
  PRIMARY KEY (run_id, model)
);

-- Commands the scheduler ran. The newest 200 of each job are kept.
CREATE TABLE penstock.job_run (
  job_run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job text NOT NULL,
  trigger text NOT NULL,             -- 'cron', 'run', 'hand'
  run_id bigint,                     -- the batch run it followed, for 'run'
  state text NOT NULL DEFAULT 'running'
    CHECK (state IN ('running', 'succeeded', 'failed', 'timed_out', 'stopped')),
  holder text NOT NULL,              -- host:pid
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  exit_code integer,                 -- null when a signal ended it, or it never started
  error text NOT NULL DEFAULT '',
  output text NOT NULL DEFAULT ''    -- the last 32 KiB at least of what it wrote
);
CREATE INDEX job_run_job ON penstock.job_run (job, job_run_id);

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
