-- $1 topic, $2 partition, $3 offset
UPDATE penstock.dead_letter SET replayed_at = clock_timestamp()
WHERE topic = $1 AND partition = $2::integer AND "offset" = $3::bigint
