-- $1: the time of the newest event told so far. Columns: time, event, subject, detail.
WITH news AS (
  SELECT f.complete_at AS at, 'loaded' AS event, f.name || ' -> ' || f.dataset AS subject,
    to_char(f.rows, 'FM999,999,999,999') || ' row' || left('s', (f.rows <> 1)::int)
      || CASE WHEN f.rejects > 0 THEN ', ' || f.rejects || ' reject' || left('s', (f.rejects > 1)::int) ELSE '' END
      || ', ' || round(extract(epoch FROM f.complete_at - f.first_at)::numeric, 1) || ' s' AS detail
  FROM penstock.file_status f
  WHERE f.complete_at > $1::timestamptz
  UNION ALL
  SELECT f.first_at, 'refused', f.name || ' -> ' || f.dataset, f.reason
  FROM penstock.file f
  WHERE f.state = 'quarantined' AND f.first_at > $1::timestamptz
  UNION ALL
  SELECT r.finished_at, 'run ' || r.state, '#' || r.run_id || ' by ' || r.trigger,
    CASE WHEN r.state = 'failed' THEN r.error
    ELSE (
      SELECT count(*) || ' model' || left('s', (count(*) <> 1)::int) || ', +' || sum(m.inserted) || ' ~' || sum(m.updated) || ' -'
        || sum(m.deleted) || ' rows'
      FROM penstock.model_run m WHERE m.run_id = r.run_id
    ) || ', ' || round(extract(epoch FROM r.finished_at - r.started_at)::numeric, 1) || ' s' END
  FROM penstock.run r
  WHERE r.finished_at > $1::timestamptz AND r.trigger <> 'check'
  UNION ALL
  SELECT j.finished_at, 'job ' || replace(j.state, '_', ' '), j.job || ' by ' || j.trigger,
    concat_ws(', ', nullif(j.error, ''), round(extract(epoch FROM j.finished_at - j.started_at)::numeric, 1) || ' s')
  FROM penstock.job_run j
  WHERE j.finished_at > $1::timestamptz
  UNION ALL
  SELECT d.noted_at, 'dead letter', d.topic || '/' || d.partition || '/' || d."offset", d.reason
  FROM penstock.dead_letter d
  WHERE d.noted_at > $1::timestamptz
)
SELECT at::text, event, subject, coalesce(detail, '') FROM news ORDER BY at LIMIT 200;
