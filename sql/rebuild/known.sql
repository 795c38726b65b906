-- What the ledger says of these chunks, but for those that were built aside; and the rows the table refused.
-- $1 dataset, $2 file ids, $3 chunk numbers
SELECT c.file_id, c.chunk, c.byte_start, c.byte_end, c.crc, coalesce(
  (SELECT string_agg(r.row_number::text, ' ' ORDER BY r.row_number) FROM penstock.reject r
   WHERE r.dataset = c.dataset AND r.file_id = c.file_id AND r.chunk = c.chunk AND r.stage = 'load'), '')
FROM unnest($2::bigint[], $3::bigint[]) u (file_id, chunk)
JOIN penstock.chunk c ON c.dataset = $1 AND c.file_id = u.file_id AND c.chunk = u.chunk
WHERE NOT EXISTS (SELECT FROM pg_temp.penstock_rebuilt r WHERE r.file_id = c.file_id AND r.chunk = c.chunk)
