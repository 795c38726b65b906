-- Everything the ledger says about a dataset's files; its schema versions stay: the archive is written in them.
WITH chunks AS (DELETE FROM penstock.chunk WHERE dataset = $1),
  rejects AS (DELETE FROM penstock.reject WHERE dataset = $1),
  letters AS (DELETE FROM penstock.dead_letter WHERE dataset = $1)
DELETE FROM penstock.file WHERE dataset = $1
