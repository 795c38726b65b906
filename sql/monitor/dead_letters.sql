SELECT topic, partition, "offset", dataset, stage,
  to_char(noted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS noted_at, reason
FROM penstock.dead_letter
WHERE replayed_at IS NULL
ORDER BY noted_at DESC
LIMIT 20
