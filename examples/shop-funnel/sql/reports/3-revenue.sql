-- Where the money comes from.
SELECT
  to_char(month, 'YYYY-MM') AS month,
  country,
  currency,
  orders,
  paid,
  revenue,
  refunded,
  outstanding
FROM final.revenue_by_month
ORDER BY month, revenue DESC, country, currency
