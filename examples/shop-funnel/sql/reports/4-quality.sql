-- What is wrong with the data, by stage and kind of fault: every check of the last run that found something.
SELECT
  split_part(model, '.', 1) AS stage,
  split_part(name, '_', 1) AS fault,
  name AS "check",
  severity,
  state,
  failures
FROM penstock.check_status
WHERE failures > 0
ORDER BY array_position(ARRAY['raw', 'clean', 'staging', 'final'], split_part(model, '.', 1)), name
