-- From visit to payment, by week.
SELECT
  date_trunc('week', day)::date AS week,
  sum(visits)::bigint AS visits,
  sum(carts)::bigint AS carts,
  sum(orders)::bigint AS orders,
  sum(paid)::bigint AS paid,
  round(100.0 * sum(paid) / nullif(sum(visits), 0), 1) AS percent_paid
FROM final.funnel_by_day
GROUP BY 1
ORDER BY 1
