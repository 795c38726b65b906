-- Which checks there are, how each went, rows that failed them. docs/checks.md.

CREATE TABLE penstock.check_result (
  run_id bigint NOT NULL REFERENCES penstock.run,
  name text NOT NULL,                -- 'not_null_orders_customer_id'
  kind text NOT NULL,                -- 'not_null', 'sql' ...
  model text NOT NULL,
  column_name text NOT NULL DEFAULT '',
  severity text NOT NULL CHECK (severity IN ('error', 'warn')),
  state text NOT NULL CHECK (state IN ('pass', 'warn', 'fail', 'error')),
  failures bigint NOT NULL DEFAULT 0,
  message text NOT NULL DEFAULT '',
  milliseconds bigint NOT NULL DEFAULT 0,
  checked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX check_result_run ON penstock.check_result (run_id);
CREATE INDEX check_result_name ON penstock.check_result (name, run_id);
CREATE INDEX check_result_checked ON penstock.check_result (checked_at);

-- The project's checks as the last run found them: results of others are history.
CREATE TABLE penstock.current_check (
  name text PRIMARY KEY
);

CREATE TABLE penstock.check_failure (
  run_id bigint NOT NULL REFERENCES penstock.run,
  name text NOT NULL,
  number integer NOT NULL,           -- from 1; at most 500 of a check and run
  row json NOT NULL,                 -- in the columns' order
  kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (name, run_id, number)
);
CREATE INDEX check_failure_kept ON penstock.check_failure (kept_at);

-- Notes the checks there are and forgets what is older than `keep`. Before a run, in a transaction of its own.
CREATE FUNCTION penstock.begin_checks(names text[], keep interval) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  -- Runs and `penstock check` may begin at once.
  PERFORM pg_advisory_xact_lock(hashtextextended('penstock.begin_checks', 0));
  DELETE FROM penstock.current_check c WHERE c.name <> ALL (names);
  INSERT INTO penstock.current_check (name) SELECT unnest(names) ON CONFLICT DO NOTHING;
  DELETE FROM penstock.check_failure f WHERE f.kept_at < clock_timestamp() - keep;
  DELETE FROM penstock.check_result r WHERE r.checked_at < clock_timestamp() - keep;
END $$;

-- Each result with what the check found the time before.
CREATE VIEW penstock.check_trend AS
SELECT name, model, column_name, kind, severity, run_id, checked_at, state, failures,
  failures - lag(failures) OVER (PARTITION BY name ORDER BY run_id) AS change, milliseconds, message
FROM penstock.check_result;

-- The newest result of every check there is.
CREATE VIEW penstock.check_status AS
SELECT r.*
FROM penstock.current_check c
CROSS JOIN LATERAL (
  SELECT * FROM penstock.check_result r WHERE r.name = c.name ORDER BY r.run_id DESC LIMIT 1) r;
