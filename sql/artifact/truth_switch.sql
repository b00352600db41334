-- Whether isoform usage of a gene was made to follow its module, in simulated data.
-- reads:   files.truth_switch(run, gene_id, has_switch)
-- params:  none
-- returns: run VARCHAR, gene_id VARCHAR, has_switch BOOLEAN
-- grain:   one row per run, gene_id
-- order:   none
SELECT
    run,
    gene_id,
    has_switch
FROM files.truth_switch
