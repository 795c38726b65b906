-- materialized: view
-- description: airports in use, with numbers as numbers
SELECT
  iata,
  iso AS country_code,
  name,
  size,
  lat::double precision AS latitude,
  lon::double precision AS longitude
FROM raw.airports
WHERE type = 'airport' AND status = 1
