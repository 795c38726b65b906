-- materialized: table
-- unique_key: city
-- description: each city over all days
SELECT
  city,
  count(*) AS days,
  count(*) FILTER (WHERE pm25 > 15) AS days_over_limit,
  max(pm25) AS worst
FROM marts.city_day
GROUP BY city
