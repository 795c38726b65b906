-- severity: warn
-- description: stations without any measurement
SELECT s.id
FROM raw.stations AS s
WHERE NOT EXISTS (SELECT FROM raw.measurements AS m WHERE m.station = s.id)
