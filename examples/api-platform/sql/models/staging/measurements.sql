-- description: measurements with the station's city; what a broken instrument says is nothing
SELECT
  m.id,
  m.station,
  s.city,
  s.kind::text AS kind,
  (m.at AT TIME ZONE 'UTC')::date AS day,
  CASE WHEN m.pm25 >= 0 THEN m.pm25 END AS pm25,
  CASE WHEN m.no2 >= 0 THEN m.no2 END AS no2,
  m.status::text = 'provisional' AS provisional
FROM raw.measurements AS m
INNER JOIN raw.stations AS s ON m.station = s.id
