-- materialized: table
-- unique_key: month, category
-- description: orders, pieces and turnover by month and category
SELECT
  month,
  category,
  count(DISTINCT order_id) AS orders,
  sum(quantity) AS pieces,
  sum(turnover) AS turnover,
  count(*) FILTER (WHERE returned) AS returned_lines
FROM intermediate.order_lines
GROUP BY month, category
