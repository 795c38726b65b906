-- materialized: view
-- description: sales as people read them, one row a sale, with names for keys
SELECT
  s.id,
  s.price,
  s.sold_on,
  date_trunc('month', s.sold_on)::date AS month,
  nullif(s.postcode, '') AS postcode,
  substring(s.postcode FROM '^[A-Z]+') AS area,
  k.name AS type,
  s.new_build,
  u.name AS tenure,
  nullif(r.street, '') AS street,
  t.town,
  c.county,
  coalesce(c.region, 'unknown') AS region
FROM datawarehouse.fact_sale AS s
INNER JOIN datawarehouse.dim_type AS k USING (type_id)
INNER JOIN datawarehouse.dim_tenure AS u USING (tenure_id)
INNER JOIN datawarehouse.dim_street AS r USING (street_id)
INNER JOIN datawarehouse.dim_town AS t USING (town_id)
INNER JOIN datawarehouse.dim_county AS c USING (county_id)
