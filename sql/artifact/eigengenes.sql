-- Module eigengenes by sample.
-- reads:   files.eigengenes(run, module_id, sample_id, eigengene)
-- params:  none
-- returns: run VARCHAR, module_id VARCHAR, sample_id VARCHAR, eigengene DOUBLE
-- grain:   one row per run, module_id, sample_id
-- order:   none
SELECT
    run,
    module_id,
    sample_id,
    eigengene
FROM files.eigengenes
