-- Whether no row of the dataset ever met another version of its key.
-- $1 dataset
SELECT NOT EXISTS (SELECT FROM penstock.chunk c WHERE c.dataset = $1 AND c.replaced > 0)
