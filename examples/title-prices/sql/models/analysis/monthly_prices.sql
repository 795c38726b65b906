-- materialized: materialized_view
-- unique_key: month, type
-- description: a materialized view, refreshed by each batch run: prices by month and type, beside the base rate
SELECT
  s.month,
  s.type,
  count(*) AS sales,
  round(avg(s.price)) AS mean_price,
  min(b.base_rate) AS base_rate
FROM staging.sales AS s
LEFT JOIN staging.base_rates AS b ON b.month = s.month
GROUP BY s.month, s.type
