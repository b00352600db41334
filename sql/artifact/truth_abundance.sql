-- Whether abundance of a gene was made to follow its module, in simulated data.
-- reads:   files.truth_abundance(run, gene_id, has_abundance)
-- params:  none
-- returns: run VARCHAR, gene_id VARCHAR, has_abundance BOOLEAN
-- grain:   one row per run, gene_id
-- order:   none
SELECT
    run,
    gene_id,
    has_abundance
FROM files.truth_abundance
