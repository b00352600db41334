-- Samples of bundles with every trait and covariate; null where a bundle has no such column.
-- reads:   files.samples(run, sample_id, sample_row)
-- params:  none
-- returns: run VARCHAR, sample_id VARCHAR, sample_row BIGINT, ...
-- grain:   one row per run, sample_id
-- order:   none
SELECT *
FROM files.samples
