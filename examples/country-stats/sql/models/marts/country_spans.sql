-- materialized: table
-- unique_key: indicator, code
-- description: each country's first and last figure, recalculated from all that was ever loaded
SELECT
  f.indicator,
  f.code,
  c.name,
  f.year AS first_year,
  f.value AS first_value,
  l.year AS last_year,
  l.value AS last_value
FROM (SELECT DISTINCT ON (indicator, code) * FROM raw.indicators ORDER BY indicator, code, year) AS f
INNER JOIN (SELECT DISTINCT ON (indicator, code) * FROM raw.indicators ORDER BY indicator, code, year DESC) AS l
  ON f.indicator = l.indicator AND f.code = l.code
INNER JOIN raw.countries AS c ON f.code = c.code
