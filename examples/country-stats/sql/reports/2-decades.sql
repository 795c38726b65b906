-- How many people, and how old did they get, decade by decade?
SELECT
  continent,
  decade,
  people,
  life_expectancy
FROM marts.region_decades
ORDER BY continent, decade
