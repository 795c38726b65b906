-- description: events as they came, repeats included, trimmed and typed, with the file they came in
SELECT
  btrim(e.event_id) AS event_id,
  upper(btrim(e.user_id)) AS user_id,
  CASE lower(btrim(e.type))
    WHEN 'page_view' THEN 'visit'
    WHEN 'add_to_cart' THEN 'cart'
    ELSE nullif(lower(btrim(e.type)), '')
  END AS type,
  e.at AS at_text,
  m.at,
  btrim(e.session) AS session,
  btrim(e.order_id) AS order_id,
  f.file,
  f.loaded_at,
  e._row AS file_row
FROM raw.events_raw e
LEFT JOIN clean.moments m ON m.text = e.at
LEFT JOIN clean.files f ON f.dataset = 'events' AND f.file_id = e._file
