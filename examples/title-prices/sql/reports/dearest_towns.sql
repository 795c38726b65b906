-- The dearest towns, of those with five sales at least
SELECT
  rank() OVER (ORDER BY mean_price DESC) AS place,
  town,
  county,
  sales,
  mean_price,
  dearest
FROM analysis.town_year
WHERE year = 2024 AND sales >= 5
ORDER BY place, town
LIMIT 10
