-- materialized: view
-- description: order lines with what is known of their product
SELECT
  o.order_id,
  o.line,
  o.customer,
  coalesce(p.category, 'no longer sold') AS category,
  o.quantity,
  CASE WHEN o.state = 'returned' THEN 0 ELSE o.amount END AS turnover,
  o.state = 'returned' AS returned,
  date_trunc('month', o.ordered_on)::date AS month
FROM staging.orders o
LEFT JOIN staging.products p USING (sku)
