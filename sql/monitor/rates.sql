-- What the newest chunks say: rows a message carries, messages loaded in the last minute, and for
-- how many seconds of it. The index on txid keeps this quick however long the ledger is.
SELECT dataset, partition, count(*) AS chunks, coalesce(sum(rows), 0)::bigint AS rows,
  count(*) FILTER (WHERE age < 60) AS recent,
  least(60, greatest(1, coalesce(max(age) FILTER (WHERE age < 60), 0))) AS seconds
FROM (
  SELECT dataset, partition, rows, extract(epoch FROM clock_timestamp() - loaded_at)::float8 AS age
  FROM penstock.chunk ORDER BY txid DESC LIMIT 20000
) newest
GROUP BY dataset, partition
