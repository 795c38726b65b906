-- Three rows of each check of the last run that found some; penstock check --failures NAME shows all that were kept.
SELECT
  s.name AS "check",
  f.number,
  f.row::text AS row
FROM penstock.check_status s
INNER JOIN penstock.check_failure f ON f.name = s.name AND f.run_id = s.run_id
WHERE f.number <= 3
ORDER BY s.name, f.number
