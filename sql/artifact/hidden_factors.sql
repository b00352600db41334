-- Hidden confounders by sample.
-- reads:   files.hidden_factors(run, factor_id, sample_id, score, removed)
-- params:  none
-- returns: run VARCHAR, factor_id VARCHAR, sample_id VARCHAR, score DOUBLE, removed BOOLEAN
-- grain:   one row per run, factor_id, sample_id
-- order:   none
SELECT
    run,
    factor_id,
    sample_id,
    score,
    removed
FROM files.hidden_factors
