-- materialized: view
-- description: a view, always up to date: prices by county
SELECT
  county,
  region,
  count(*) AS sales,
  round(avg(price)) AS mean_price,
  percentile_disc(0.5) WITHIN GROUP (ORDER BY price) AS median_price,
  count(*) FILTER (WHERE new_build) AS new_builds
FROM staging.sales
GROUP BY county, region
