-- $1 file ids, $2 chunk numbers, $3 rows a record gives
INSERT INTO pg_temp.penstock_rebuilt SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
