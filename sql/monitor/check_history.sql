-- $1 a check's name, $2 how many results. The newest first.
SELECT t.run_id AS run, to_char(t.checked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS checked_at, t.state,
  t.failures, t.change,
  (SELECT count(*) FROM penstock.check_failure f WHERE f.name = t.name AND f.run_id = t.run_id) AS rows_kept,
  t.milliseconds, t.message
FROM penstock.check_trend t
WHERE t.name = $1::text
ORDER BY t.run_id DESC
LIMIT $2::bigint
