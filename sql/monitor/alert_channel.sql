-- $1 a way of telling people that is set up. Of what came before, it tells only what still holds.
INSERT INTO penstock.alert_channel (channel, set_up_after)
SELECT $1, coalesce(max(event_id), 0) FROM penstock.alert_event
ON CONFLICT DO NOTHING
