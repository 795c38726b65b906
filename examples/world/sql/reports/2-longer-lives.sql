-- How much longer do people live than they did fifty years before?
SELECT
  a.continent,
  a.life_expectancy AS years_1955,
  b.life_expectancy AS years_2005,
  b.life_expectancy - a.life_expectancy AS gained
FROM marts.continent_year a
JOIN marts.continent_year b USING (continent)
WHERE a.year = 1955 AND b.year = 2005
ORDER BY gained DESC, a.continent
