-- The newest result of every check there is.
SELECT name AS "check", model, severity, state, failures
FROM penstock.check_status
ORDER BY name
LIMIT 5000
