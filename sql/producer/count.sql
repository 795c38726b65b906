-- How many files of the dataset the ledger is done with.
-- $1 dataset
SELECT count(*) FROM penstock.file WHERE dataset = $1 AND state <> 'loading'
