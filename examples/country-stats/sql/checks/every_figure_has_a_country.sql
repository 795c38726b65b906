-- severity: error
-- description: a figure of a country nobody knows would silently be missing in every answer
SELECT
  i.code,
  i.country
FROM raw.indicators AS i
LEFT JOIN raw.countries AS c ON i.code = c.code
WHERE c.code IS NULL
