-- materialized: table
-- unique_key: month, country, currency
-- description: orders and money by month, country and currency; cancelled orders are counted and worth nothing
SELECT
  date_trunc('month', o.ordered_on)::date AS month,
  coalesce(u.country, '??') AS country,
  o.currency,
  count(*) AS orders,
  count(*) FILTER (WHERE o.status = 'paid') AS paid,
  coalesce(sum(o.amount) FILTER (WHERE o.status = 'paid'), 0) AS revenue,
  coalesce(sum(o.amount) FILTER (WHERE o.status = 'refunded'), 0) AS refunded,
  coalesce(sum(o.amount) FILTER (WHERE o.status = 'open'), 0) AS outstanding
FROM staging.orders o
INNER JOIN staging.users u ON u.user_id = o.user_id
GROUP BY 1, 2, 3
