-- description: the files that were loaded, and when: load metadata of every raw row by its _file
SELECT
  dataset,
  file_id,
  name AS file,
  complete_at AS loaded_at
FROM penstock.file
