-- title: Turnover by month and category, in euros
-- format: html
-- chart: bar month, beans, kitchen, supplies, gifts
SELECT
  to_char(month, 'YYYY-MM') AS month,
  coalesce(sum(turnover) FILTER (WHERE category = 'beans'), 0) AS beans,
  coalesce(sum(turnover) FILTER (WHERE category = 'kitchen'), 0) AS kitchen,
  coalesce(sum(turnover) FILTER (WHERE category = 'supplies'), 0) AS supplies,
  coalesce(sum(turnover) FILTER (WHERE category = 'gifts'), 0) AS gifts,
  sum(turnover) AS turnover
FROM marts.orders_per_month
GROUP BY 1
ORDER BY 1
