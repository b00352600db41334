-- Samples of the bundle with every trait and covariate; sample_row is the column of every matrix.
-- reads:   bundle_samples(sample_id, table_row)
-- params:  none
-- returns: sample_id VARCHAR, ..., sample_row BIGINT
-- grain:   one row per sample_id
-- order:   sample_row
SELECT
    * EXCLUDE (table_row),
    table_row AS sample_row
FROM bundle_samples
ORDER BY sample_row
