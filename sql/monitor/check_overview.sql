-- $1 how many earlier results. Checks that did not pass come first. Looks back 200 results of each.
SELECT s.name AS "check", s.model, s.state, s.failures, b.before,
  to_char(b.since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
FROM penstock.check_status s
CROSS JOIN LATERAL (
  SELECT
    coalesce(string_agg(r.failures::text, ' ' ORDER BY r.place) FILTER (WHERE r.place BETWEEN 2 AND $1::bigint + 1), '') AS before,
    -- When it began to be as it is: the first result after the last that was otherwise.
    min(r.checked_at) FILTER (WHERE NOT r.otherwise) AS since
  FROM (
    SELECT l.failures, l.checked_at, l.place, bool_or(l.state <> s.state) OVER (ORDER BY l.place) AS otherwise
    FROM (
      SELECT r.state, r.failures, r.checked_at, row_number() OVER (ORDER BY r.run_id DESC) AS place
      FROM penstock.check_result r
      WHERE r.name = s.name
      ORDER BY r.run_id DESC
      LIMIT 200
    ) l
  ) r
) b
ORDER BY s.state = 'pass', s.name
LIMIT 5000
