-- description: nobody lives a hundred years on average, and every average is above twenty
SELECT country, year, life_expectancy
FROM marts.country_year
WHERE life_expectancy NOT BETWEEN 20 AND 100
