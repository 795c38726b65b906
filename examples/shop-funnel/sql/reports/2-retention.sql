-- How many of those who joined in a month come back.
SELECT
  to_char(cohort, 'YYYY-MM') AS cohort,
  to_char(month, 'YYYY-MM') AS month,
  users,
  active,
  round(100 * share, 1) AS percent
FROM final.retention
ORDER BY 1, 2
