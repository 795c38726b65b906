-- $1 how many earlier results. Checks that did not pass come first.
SELECT s.name AS "check", s.model, s.state, s.failures, e.before,
  to_char(coalesce(l.since, f.since) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
FROM penstock.check_status s
-- What was found before, the newest first.
CROSS JOIN LATERAL (
  SELECT coalesce(string_agg(b.failures::text, ' ' ORDER BY b.run_id DESC), '') AS before
  FROM (SELECT r.run_id, r.failures FROM penstock.check_result r
        WHERE r.name = s.name AND r.run_id < s.run_id
        ORDER BY r.run_id DESC LIMIT $1::bigint) b) e
-- When it began to be as it is: the first result after the last that was otherwise.
LEFT JOIN LATERAL (
  SELECT min(r.checked_at) AS since FROM penstock.check_result r
  WHERE r.name = s.name AND r.run_id > (
    SELECT max(o.run_id) FROM penstock.check_result o WHERE o.name = s.name AND o.state <> s.state)) l ON true
CROSS JOIN LATERAL (
  SELECT min(r.checked_at) AS since FROM penstock.check_result r WHERE r.name = s.name) f
ORDER BY s.state = 'pass', s.name
LIMIT 5000
