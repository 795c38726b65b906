-- description: orders, trimmed and typed, with the file they came in last
SELECT
  btrim(o.order_id) AS order_id,
  upper(btrim(o.user_id)) AS user_id,
  o.ordered_at AS ordered_text,
  ordered.at AS ordered_at,
  CASE WHEN btrim(o.amount) ~ '^-?\d{1,9}(\.\d{1,2})?$' THEN btrim(o.amount)::numeric(12, 2) END AS amount,
  coalesce(nullif(upper(btrim(o.currency)), ''), 'EUR') AS currency,
  nullif(lower(btrim(o.status)), '') AS status,
  paid.at AS paid_at,
  f.file,
  f.loaded_at
FROM raw.orders_raw o
LEFT JOIN clean.moments ordered ON ordered.text = o.ordered_at
LEFT JOIN clean.moments paid ON paid.text = o.paid_at
LEFT JOIN clean.files f ON f.dataset = 'orders' AND f.file_id = o._file
