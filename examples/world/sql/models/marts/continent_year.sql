-- materialized: materialized_view
-- unique_key: continent, year
-- description: the same by continent; life expectancy is weighted by people
SELECT
  continent,
  year,
  count(*) AS countries,
  sum(people)::bigint AS people,
  round(sum(people * life_expectancy) / sum(people), 1) AS life_expectancy
FROM marts.country_year
GROUP BY continent, year
