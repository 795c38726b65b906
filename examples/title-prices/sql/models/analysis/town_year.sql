-- materialized: table
-- unique_key: year, county, town
-- description: a table of fixed columns and types: what a town's titles cost in a year
SELECT
  extract(YEAR FROM sold_on)::smallint AS year,
  county::varchar(60) AS county,
  town::varchar(60) AS town,
  count(*)::integer AS sales,
  round(avg(price), 2)::numeric(12, 2) AS mean_price,
  max(price)::integer AS dearest,
  min(price)::integer AS cheapest
FROM staging.sales
GROUP BY 1, 2, 3
