-- Which ten countries grew the most, from the first to the last year in the batch?
SELECT
  name,
  first_year,
  last_year,
  first_value::bigint AS people_then,
  last_value::bigint AS people_now,
  round(last_value / first_value, 2) AS times
FROM marts.country_spans
WHERE indicator = 'Population'
ORDER BY times DESC, name
LIMIT 10
