-- $1 file id, $2 sha256, $3 name, $4 reason
INSERT INTO pg_temp.penstock_left_out VALUES ($1::bigint, $2, $3, $4) ON CONFLICT DO NOTHING
