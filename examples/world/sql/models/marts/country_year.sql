-- materialized: table
-- unique_key: country_code, year
-- description: people and how long they live, by country and year
SELECT
  c.code AS country_code,
  c.country,
  c.continent,
  p.year,
  p.people,
  round(p.life_expectancy::numeric, 2) AS life_expectancy
FROM staging.people p
JOIN staging.countries c USING (country)
