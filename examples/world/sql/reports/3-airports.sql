-- Where do the fewest people share a large airport, among the countries that have several?
SELECT
  c.country,
  c.income,
  c.large_airports,
  p.people / c.large_airports AS people_per_airport
FROM marts.countries c
JOIN marts.country_year p ON p.country_code = c.code
WHERE p.year = 2005 AND c.large_airports >= 2
ORDER BY people_per_airport, c.country
LIMIT 10
