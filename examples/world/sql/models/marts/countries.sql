-- materialized: table
-- unique_key: code
-- description: one row per country, with its income and how many airports it has
SELECT
  c.code,
  c.country,
  c.continent,
  i.income,
  count(a.iata) AS airports,
  count(a.iata) FILTER (WHERE a.size = 'large') AS large_airports
FROM staging.countries c
LEFT JOIN raw.incomes i USING (country)
LEFT JOIN staging.airports a ON a.country_code = c.code
GROUP BY c.code, c.country, c.continent, i.income
