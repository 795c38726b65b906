-- materialized: view
-- description: population and life expectancy, one row per country and year
SELECT
  CASE p.country WHEN 'Hong Kong, China' THEN 'Hong Kong' ELSE p.country END AS country,
  p.year,
  p.people,
  l.years AS life_expectancy
FROM raw.population p
JOIN raw.life_expectancy l USING (country, year)
