-- materialized: table
-- unique_key: city, day
-- description: a city's air, day by day
SELECT
  city,
  day,
  count(*) AS measurements,
  count(pm25) AS valid,
  round(avg(pm25), 2) AS pm25,
  round(avg(no2), 2) AS no2,
  bool_or(provisional) AS provisional
FROM staging.measurements
GROUP BY city, day
