-- materialized: table
-- unique_key: user_id
-- description: real users, each as the newest export has them; who has no date of sign-up joined when first seen
WITH newest AS (
  SELECT DISTINCT ON (user_id) *
  FROM clean.users
  ORDER BY user_id, file DESC, file_row DESC
), seen AS (
  SELECT user_id, min(at) AS at
  FROM clean.events
  GROUP BY user_id
)

SELECT
  n.user_id,
  n.name,
  n.email,
  n.country,
  n.plan,
  n.signed_up_at,
  coalesce(n.signed_up_at, s.at)::date AS joined_on,
  n.file,
  n.loaded_at
FROM newest n
LEFT JOIN seen s ON s.user_id = n.user_id
WHERE NOT n.is_demo
