-- What the tables of incremental models hold, beside penstock.model: docs/models.md.
CREATE TABLE penstock.incremental (
  model text PRIMARY KEY,
  relation oid NOT NULL,             -- the table; one that was made anew holds something else
  basis text NOT NULL,               -- digest of all that its rows depend on, but for the rows of datasets
  run_id bigint NOT NULL
);

ALTER TABLE penstock.model_run ADD COLUMN note text NOT NULL DEFAULT ''; -- how an incremental model was calculated
