-- $1 dataset
SELECT pg_advisory_xact_lock(penstock.dataset_lock($1))
