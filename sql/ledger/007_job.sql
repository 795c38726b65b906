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
