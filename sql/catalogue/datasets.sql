-- dataset, then what is to be told of it
SELECT dataset, files_complete, files_quarantined, rows, rejects,
  to_char(last_complete_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
FROM penstock.dataset_status
