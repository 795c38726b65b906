-- description: users of every export, trimmed and typed, with the file they came in
SELECT
  upper(btrim(u.user_id)) AS user_id,
  nullif(btrim(u.name), '') AS name,
  nullif(lower(btrim(u.email)), '') AS email,
  CASE upper(btrim(u.country)) WHEN 'UK' THEN 'GB' ELSE nullif(upper(btrim(u.country)), '') END AS country,
  u.signed_up_at AS signed_up_text,
  m.at AS signed_up_at,
  u.plan,
  coalesce(u.email ILIKE '%@example.com', false) OR coalesce(btrim(u.name) ILIKE 'demo %', false) AS is_demo,
  f.file,
  f.loaded_at,
  u._row AS file_row
FROM raw.users_raw u
LEFT JOIN clean.moments m ON m.text = u.signed_up_at
LEFT JOIN clean.files f ON f.dataset = 'users' AND f.file_id = u._file
