-- materialized: view
-- description: means, as of now: an average is a sum and a count, which the speed layer keeps
SELECT
  continent,
  indicator,
  year,
  countries,
  round(total / countries, 1) AS mean
FROM marts.region_years_live
