-- $1 the inbox, $2 names of files that lie in it for too long, $3 what to say of each
SELECT penstock.alert_sync('inbox ' || $1, array_fill('stale_file'::text, ARRAY[cardinality($2::text[])]),
  $2::text[], $3::text[])
