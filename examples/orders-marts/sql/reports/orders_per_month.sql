-- Orders and turnover by month
SELECT
  to_char(month, 'YYYY-MM') AS month,
  sum(orders) AS orders_by_category,
  sum(pieces) AS pieces,
  sum(turnover) AS turnover,
  sum(returned_lines) AS returned_lines
FROM marts.orders_per_month
GROUP BY 1
ORDER BY 1
