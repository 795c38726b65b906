-- materialized: table
-- unique_key: event_id
-- description: each event once, with a time and a known type, of real users or of visitors nobody knows
WITH by_id AS (
  SELECT DISTINCT ON (event_id) *
  FROM clean.events
  ORDER BY event_id, file, file_row
), once AS (
  -- The same click under two ids: the smaller one stays.
  SELECT DISTINCT ON (session, type, at, user_id) *
  FROM by_id
  ORDER BY session, type, at, user_id, event_id
)

SELECT
  e.event_id,
  e.user_id,
  e.type,
  e.at,
  e.session,
  e.order_id,
  e.file,
  e.loaded_at
FROM once e
WHERE e.at IS NOT NULL
  AND e.session IS NOT NULL
  AND e.type IN ('visit', 'cart', 'order')
  AND (e.user_id IS NULL OR e.user_id IN (SELECT u.user_id FROM staging.users u))
