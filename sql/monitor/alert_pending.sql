-- What channel $1 has still to tell, oldest first; nothing while another monitor tells it, or before
-- the next try is due. The channel's row is locked only where there is something to tell.
WITH due AS (
  SELECT c.channel, c.sent_to, c.set_up_after FROM penstock.alert_channel c
  WHERE c.channel = $1 AND c.due_at <= clock_timestamp()
    AND EXISTS (
      SELECT FROM penstock.alert_event e
      JOIN penstock.alert a ON a.alert_id = e.alert_id
      WHERE e.event_id > c.sent_to AND (e.event_id > c.set_up_after OR a.cleared_at IS NULL))
  FOR UPDATE SKIP LOCKED)
SELECT e.event_id, e.event, a.kind, a.text,
  to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at
FROM due
JOIN penstock.alert_event e ON e.event_id > due.sent_to
JOIN penstock.alert a ON a.alert_id = e.alert_id
WHERE e.event_id > due.set_up_after OR a.cleared_at IS NULL
ORDER BY e.event_id
LIMIT 1000
