-- $1 channel, $2 the last event told, $3 '' or why it was not, $4 milliseconds until the next try
UPDATE penstock.alert_channel SET
  sent_to = CASE WHEN $3 = '' THEN $2::bigint ELSE sent_to END,
  sent_at = CASE WHEN $3 = '' THEN clock_timestamp() ELSE sent_at END,
  attempts = CASE WHEN $3 = '' THEN 0 ELSE attempts + 1 END,
  error = $3,
  due_at = clock_timestamp() + $4::bigint * interval '1 millisecond'
    * CASE WHEN $3 = '' THEN 0 ELSE least(2 ^ least(attempts, 10), 60) END
WHERE channel = $1
