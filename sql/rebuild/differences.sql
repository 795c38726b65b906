SELECT count(*) FILTER (WHERE kind = 'missing'), count(*) FILTER (WHERE kind = 'surplus'),
  count(*) FILTER (WHERE kind = 'different'),
  (SELECT count(*) FROM pg_temp.penstock_expected), (SELECT count(DISTINCT file_id) FROM pg_temp.penstock_rebuilt)
FROM pg_temp.penstock_difference
