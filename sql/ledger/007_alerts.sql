-- Alerts: told once when what they say begins to hold, once when it no longer does. docs/monitoring.md.

CREATE TABLE penstock.alert (
  alert_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,                -- 'stale_file', 'dead_letter' ...
  scope text NOT NULL,               -- who looks after it: 'ledger', 'lag', 'inbox <host>:<folder>'
  subject text NOT NULL,             -- what it is about: one open alert a kind, scope and subject
  text text NOT NULL,
  raised_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  cleared_at timestamptz
);
CREATE UNIQUE INDEX alert_open ON penstock.alert (kind, scope, subject) WHERE cleared_at IS NULL;

CREATE TABLE penstock.alert_event (
  event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  alert_id bigint NOT NULL REFERENCES penstock.alert,
  event text NOT NULL CHECK (event IN ('raised', 'cleared')),
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- How far each way of telling people has come.
CREATE TABLE penstock.alert_channel (
  channel text PRIMARY KEY,          -- 'webhook', 'mail'
  set_up_after bigint NOT NULL,      -- of the events up to this one, only what was still true was told
  sent_to bigint NOT NULL DEFAULT 0, -- the last event told
  attempts integer NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  sent_at timestamptz,
  error text NOT NULL DEFAULT ''
);

-- The fewest messages a topic had waiting in a minute, as monitors saw it: whether its lag grows.
CREATE TABLE penstock.lag_minute (
  topic text,
  minute timestamptz,
  fewest bigint NOT NULL,
  PRIMARY KEY (topic, minute)
);

-- What holds now, as one who looks after `of_scope` sees it: raises what is new, clears what is gone.
-- Each call knows all of its scope. Returns how many were raised or cleared.
CREATE FUNCTION penstock.alert_sync(of_scope text, kinds text[], subjects text[], texts text[])
RETURNS bigint LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout TO '5s' AS $$
DECLARE
  changed bigint;
BEGIN
  -- One at a time, so that events are committed in the order of their numbers.
  PERFORM pg_advisory_xact_lock(hashtextextended('penstock.alert', 0));
  WITH now_true AS (
    SELECT DISTINCT ON (u.kind, u.subject) u.kind, u.subject, u.text
    FROM unnest(kinds, subjects, texts) AS u (kind, subject, text)
    ORDER BY u.kind, u.subject),
  cleared AS (
    UPDATE penstock.alert a SET cleared_at = clock_timestamp()
    WHERE a.scope = of_scope AND a.cleared_at IS NULL
      AND NOT EXISTS (SELECT FROM now_true n WHERE n.kind = a.kind AND n.subject = a.subject)
    RETURNING a.alert_id),
  raised AS (
    INSERT INTO penstock.alert (kind, scope, subject, text)
    SELECT n.kind, of_scope, n.subject, n.text FROM now_true n
    WHERE NOT EXISTS (SELECT FROM penstock.alert a WHERE a.kind = n.kind AND a.scope = of_scope
                        AND a.subject = n.subject AND a.cleared_at IS NULL)
    RETURNING alert_id),
  noted AS (
    INSERT INTO penstock.alert_event (alert_id, event)
    SELECT c.alert_id, 'cleared' FROM cleared c
    UNION ALL SELECT r.alert_id, 'raised' FROM raised r
    RETURNING event_id)
  SELECT count(*) INTO changed FROM noted;
  RETURN changed;
END $$;
