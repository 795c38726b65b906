-- Which ten countries grew the most between 1955 and 2005?
SELECT
  a.country,
  a.people AS people_1955,
  b.people AS people_2005,
  round(b.people::numeric / a.people, 2) AS times
FROM marts.country_year a
JOIN marts.country_year b USING (country_code)
WHERE a.year = 1955 AND b.year = 2005
ORDER BY times DESC, a.country
LIMIT 10
