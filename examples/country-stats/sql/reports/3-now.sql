-- The newest figures, what was loaded since the last batch included.
SELECT
  p.continent,
  p.year,
  p.countries,
  p.total::bigint AS people,
  m.mean AS life_expectancy
FROM marts.region_years_live AS p
LEFT JOIN marts.region_means AS m
  ON p.continent = m.continent AND p.year = m.year AND m.indicator = 'Life expectancy'
WHERE p.indicator = 'Population' AND p.year = (SELECT max(n.year) FROM marts.region_years_live AS n)
ORDER BY people DESC
