SELECT
  day,
  city,
  pm25,
  CASE WHEN provisional THEN 'provisional' ELSE 'final' END AS status
FROM marts.city_day
WHERE pm25 > 15
ORDER BY day, city
