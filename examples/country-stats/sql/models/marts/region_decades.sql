-- materialized: materialized_view
-- unique_key: continent, decade
-- description: people and mean life expectancy at the beginning of each decade, refreshed by each batch
SELECT
  p.continent,
  p.year AS decade,
  p.countries,
  p.total::bigint AS people,
  round(l.total / l.countries, 1) AS life_expectancy
FROM marts.region_years AS p
INNER JOIN marts.region_years AS l ON p.continent = l.continent AND p.year = l.year
WHERE p.indicator = 'Population' AND l.indicator = 'Life expectancy' AND p.year % 10 = 0
