-- materialized: view
-- description: order lines that count, with their day and amount
SELECT
  order_id,
  line,
  customer,
  sku,
  quantity,
  quantity * unit_price AS amount,
  state,
  (ordered_at AT TIME ZONE 'UTC')::date AS ordered_on
FROM landing.orders
WHERE state NOT IN ('cancelled')
