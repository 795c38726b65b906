-- description: money got lost between staging and the mart
SELECT o.amount AS staged, r.amount AS reported
FROM (SELECT coalesce(sum(amount), 0) AS amount FROM staging.orders WHERE status <> 'cancelled') o
CROSS JOIN (
  SELECT coalesce(sum(revenue + refunded + outstanding), 0) AS amount FROM final.revenue_by_month
) r
WHERE o.amount <> r.amount
