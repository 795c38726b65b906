-- $1 a source, $2 what to say of it; null: nothing is wrong
SELECT penstock.alert_sync(
  'source ' || $1::text,
  CASE WHEN $2::text IS NULL THEN '{}' ELSE ARRAY['failed_source'] END,
  CASE WHEN $2::text IS NULL THEN '{}' ELSE ARRAY[$1::text] END,
  CASE WHEN $2::text IS NULL THEN '{}' ELSE ARRAY[$2::text] END)
