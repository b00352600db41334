-- Counts of genes by sample.
-- reads:   files.gene_counts(run, gene_id, sample_id, count)
-- params:  none
-- returns: run VARCHAR, gene_id VARCHAR, sample_id VARCHAR, count DOUBLE
-- grain:   one row per run, gene_id, sample_id
-- order:   none
SELECT
    run,
    gene_id,
    sample_id,
    count
FROM files.gene_counts
