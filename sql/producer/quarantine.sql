-- A publication that was refused before its first chunk, for people to see; or that is retracted, so that
-- its chunks stay out. Files with rows are left as they are.
-- $1 dataset, $2 file id, $3 sha256, $4 name, $5 reason, $6 quarantined or retracted
INSERT INTO penstock.file AS f (dataset, file_id, sha256, name, state, reason)
VALUES ($1, $2::bigint, $3, $4, $6, $5)
ON CONFLICT (dataset, file_id) DO UPDATE
SET state = excluded.state, reason = excluded.reason
WHERE f.state = CASE excluded.state WHEN 'retracted' THEN 'quarantined' ELSE 'loading' END
