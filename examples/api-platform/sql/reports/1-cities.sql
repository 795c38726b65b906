SELECT
  city,
  days,
  days_over_limit,
  worst
FROM marts.city
ORDER BY days_over_limit DESC, worst DESC, city
