-- A publication that was refused before its first chunk, for people to see.
-- $1 dataset, $2 file id, $3 sha256, $4 name, $5 reason
INSERT INTO penstock.file AS f (dataset, file_id, sha256, name, state, reason)
VALUES ($1, $2::bigint, $3, $4, 'quarantined', $5)
ON CONFLICT (dataset, file_id) DO UPDATE
SET state = 'quarantined', reason = EXCLUDED.reason
WHERE f.state = 'loading'
