-- materialized: view
-- description: one row per country, with its ISO 3166-1 code
-- The source writes UK for the United Kingdom, gives GB to a part of it, and has East Timor under both its names.
SELECT
  CASE c.abbreviation WHEN 'UK' THEN 'GB' ELSE c.abbreviation END AS code,
  c.country,
  coalesce(k.continent, 'unknown') AS continent
FROM raw.country_codes c
LEFT JOIN raw.continents k USING (country)
WHERE c.country NOT IN ('East Timor', 'Northern Ireland')
