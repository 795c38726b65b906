-- materialized: table
-- unique_key: cohort, month
-- description: of the users who joined in a month (cohort), how many were active so many months later
WITH cohorts AS (
  SELECT date_trunc('month', joined_on)::date AS cohort, user_id
  FROM staging.users
  WHERE joined_on IS NOT NULL
), active AS (
  SELECT DISTINCT user_id, date_trunc('month', at)::date AS month
  FROM staging.events
  WHERE user_id IS NOT NULL
), months AS (
  SELECT generate_series(min(month), max(month), interval '1 month')::date AS month
  FROM active
)

SELECT
  c.cohort,
  m.month,
  count(*) AS users,
  count(a.user_id) AS active,
  round(count(a.user_id)::numeric / count(*), 3) AS share
FROM cohorts c
INNER JOIN months m ON m.month >= c.cohort
LEFT JOIN active a ON a.user_id = c.user_id AND a.month = m.month
GROUP BY c.cohort, m.month
