SELECT run_id, trigger, state, to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
  round(extract(epoch FROM finished_at - started_at)::numeric, 1), error
FROM penstock.run
WHERE trigger <> 'check'
ORDER BY run_id DESC
LIMIT 10
