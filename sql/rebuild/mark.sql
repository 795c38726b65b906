-- What is taken back is retracted; with keep: latest_file the newest file that is left counts again.
-- Tells whoever waits for files and whoever builds on the rows there were.
-- $1 dataset, $2 keep: latest_file
WITH counted AS (
  SELECT c AS file_id FROM penstock.counted_files($1, $2::boolean,
    ARRAY(SELECT l.file_id FROM pg_temp.penstock_left_out l)) c
), back AS (
  UPDATE penstock.file f SET reason = '', state = CASE WHEN f.complete_at IS NOT NULL OR f.chunks = (
      SELECT count(*) FROM penstock.chunk c WHERE c.dataset = f.dataset AND c.file_id = f.file_id)
    THEN 'complete' ELSE 'loading' END
  WHERE f.dataset = $1 AND f.state = 'superseded' AND f.file_id IN (SELECT file_id FROM counted)
  RETURNING f.file_id
), taken AS (
  INSERT INTO penstock.file AS f (dataset, file_id, sha256, name, state, reason, removed_txid)
  SELECT $1, l.file_id, l.sha256, l.name, 'retracted', l.reason, pg_current_xact_id()
  FROM pg_temp.penstock_left_out l
  ON CONFLICT (dataset, file_id) DO UPDATE
  SET state = 'retracted', reason = excluded.reason, removed_txid = excluded.removed_txid
  WHERE f.state <> 'retracted'
  RETURNING f.file_id
)
SELECT penstock.note_rewrite($1), (SELECT count(*) FROM back), (SELECT count(*) FROM taken),
  pg_notify('penstock_loaded', $1 || ' ' || coalesce((SELECT max(file_id) FROM taken), 0))
