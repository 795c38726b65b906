-- $1 a check's name, $2 how many rows: those kept last, cell by cell.
SELECT f.run_id, f.number, e.key, e.value
FROM penstock.check_failure f
LEFT JOIN LATERAL json_each_text(f.row) WITH ORDINALITY e (key, value, at) ON true
WHERE f.name = $1::text AND f.number <= $2::bigint
  AND f.run_id = (SELECT max(run_id) FROM penstock.check_failure WHERE name = $1::text)
ORDER BY f.number, e.at
