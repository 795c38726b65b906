-- materialized: table
-- unique_key: text
-- description: every text that should be a time, and the time it is; null where it is none
WITH texts AS (
  SELECT signed_up_at AS text FROM raw.users_raw
  UNION
  SELECT ordered_at FROM raw.orders_raw
  UNION
  SELECT paid_at FROM raw.orders_raw
  UNION
  SELECT at FROM raw.events_raw
)

SELECT
  t.text,
  -- 31 February has the right form, but is a day of March.
  CASE WHEN extract(MONTH FROM d.day) = p.part[2]::integer THEN d.day + p.part[4]::time END AS at
FROM texts t
LEFT JOIN LATERAL regexp_match(
  btrim(t.text),
  '^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[T ]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)Z?$'
) AS p (part) ON true
LEFT JOIN LATERAL (
  SELECT make_date(p.part[1]::integer, p.part[2]::integer, 1) + p.part[3]::integer - 1 AS day
) d ON true
WHERE t.text IS NOT NULL
