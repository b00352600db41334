-- Transcripts of a module's genes by the correlation of their usage with its eigengene.
-- reads:   files.transcript_polarity_table(run, module_id, feature_id, transcript_id, gene_id, r, pvalue, qvalue,
--          n_complete, missingness, switch_strength)
-- params:  none
-- returns: run VARCHAR, module_id VARCHAR, feature_id VARCHAR, transcript_id VARCHAR, gene_id VARCHAR, r DOUBLE,
--          pvalue DOUBLE, qvalue DOUBLE, n_complete BIGINT, missingness DOUBLE, switch_strength DOUBLE
-- grain:   one row per run, module_id, transcript_id
-- order:   none
SELECT
    run,
    module_id,
    feature_id,
    transcript_id,
    gene_id,
    r,
    pvalue,
    qvalue,
    n_complete,
    missingness,
    switch_strength
FROM files.transcript_polarity_table
