-- How many files of the dataset, up to this one, the ledger knows.
-- $1 dataset, $2 file id
SELECT count(*) FROM penstock.file WHERE dataset = $1 AND file_id <= $2::bigint
