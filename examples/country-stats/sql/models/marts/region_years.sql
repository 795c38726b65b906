-- materialized: table
-- unique_key: continent, indicator, year
-- speed: group continent, indicator, year; sum total; count countries; min least; max most
-- description: figures by continent; region_years_live adds what was loaded since the last batch
SELECT
  c.continent,
  i.indicator,
  i.year,
  sum(i.value) AS total,
  count(*) AS countries,
  min(i.value) AS least,
  max(i.value) AS most
FROM raw.indicators AS i
INNER JOIN raw.countries AS c ON i.code = c.code
GROUP BY c.continent, i.indicator, i.year
