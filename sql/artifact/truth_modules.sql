-- Planted module of each gene in simulated data.
-- reads:   files.truth_modules(run, gene_id, module_id)
-- params:  none
-- returns: run VARCHAR, gene_id VARCHAR, module_id VARCHAR
-- grain:   one row per run, gene_id
-- order:   none
SELECT
    run,
    gene_id,
    module_id
FROM files.truth_modules
