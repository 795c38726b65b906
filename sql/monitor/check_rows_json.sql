-- $1 a check's name, $2 how many rows: those kept last, as they are.
SELECT f.run_id, f.row::text AS row
FROM penstock.check_failure f
WHERE f.name = $1::text AND f.number <= $2::bigint
  AND f.run_id = (SELECT max(run_id) FROM penstock.check_failure WHERE name = $1::text)
ORDER BY f.number
