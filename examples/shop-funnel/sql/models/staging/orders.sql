-- materialized: table
-- unique_key: order_id
-- description: orders of real users with an amount; a missing date is that of the order's event, or of its payment
WITH events AS (
  SELECT order_id, min(at) AS at
  FROM clean.events
  WHERE type = 'order'
  GROUP BY order_id
)

SELECT
  o.order_id,
  o.user_id,
  coalesce(o.ordered_at, e.at, o.paid_at)::date AS ordered_on,
  o.amount,
  o.currency,
  o.status,
  o.paid_at,
  o.file,
  o.loaded_at
FROM clean.orders o
INNER JOIN staging.users u ON u.user_id = o.user_id
LEFT JOIN events e ON e.order_id = o.order_id
WHERE o.amount > 0
  AND o.status IN ('open', 'paid', 'cancelled', 'refunded')
  AND coalesce(o.ordered_at, e.at, o.paid_at) IS NOT NULL
