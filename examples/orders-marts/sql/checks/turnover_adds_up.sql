-- severity: error
-- description: turnover got lost, or was counted twice, between the landing table and the mart
SELECT sum(turnover) AS in_the_mart
FROM marts.orders_per_month
HAVING
  sum(turnover) IS DISTINCT FROM (
    SELECT sum(quantity * unit_price)
    FROM landing.orders
    WHERE state NOT IN ('cancelled', 'returned')
  )
