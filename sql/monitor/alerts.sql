SELECT kind, to_char(raised_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS raised_at, text
FROM penstock.alert
WHERE cleared_at IS NULL
ORDER BY alert_id DESC
LIMIT 100
