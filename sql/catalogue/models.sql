-- The newest run of each model: model, state, inserted, updated, deleted, milliseconds, when, error
SELECT DISTINCT ON (m.model) m.model, m.state, m.inserted, m.updated, m.deleted, m.milliseconds,
  to_char(r.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), m.error
FROM penstock.model_run m
JOIN penstock.run r ON r.run_id = m.run_id
WHERE m.state <> 'skipped'
ORDER BY m.model, m.run_id DESC
