-- Whether complete files have chunks that the last load-triggered run could not see; after a restore
-- of the cluster, whatever is there is news.
WITH last AS (
  SELECT r.snapshot FROM penstock.run r
  WHERE r.trigger = 'load' AND r.state = 'published'
    AND r.system_identifier = (SELECT system_identifier FROM pg_control_system())
  ORDER BY r.run_id DESC LIMIT 1
)
SELECT CASE WHEN EXISTS (SELECT FROM last)
  THEN EXISTS (SELECT FROM penstock.chunk c JOIN penstock.file f USING (dataset, file_id), last
    WHERE f.state = 'complete' AND c.txid >= pg_snapshot_xmin(last.snapshot)
      AND NOT pg_visible_in_snapshot(c.txid, last.snapshot))
  ELSE EXISTS (SELECT FROM penstock.file f WHERE f.state = 'complete') END
