-- The files whose rows belong into the table, `left_out` being taken back.
CREATE FUNCTION penstock.counted_files(of_dataset text, latest boolean, left_out bigint[])
RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  WITH known AS (
    SELECT f.file_id, f.state, f.state = 'complete' OR (latest AND f.state = 'superseded'
      AND f.chunks = (SELECT count(*) FROM penstock.chunk c
                      WHERE c.dataset = f.dataset AND c.file_id = f.file_id)) AS whole
    FROM penstock.file f
    WHERE f.dataset = of_dataset AND f.state IN ('loading', 'complete', 'superseded')
      AND f.file_id <> ALL (left_out))
  SELECT k.file_id FROM known k
  WHERE CASE WHEN latest
    THEN k.file_id >= coalesce((SELECT max(n.file_id) FROM known n WHERE n.whole), 0)
    ELSE k.state <> 'superseded' END
$$;
