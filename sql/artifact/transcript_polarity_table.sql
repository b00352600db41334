-- Transcripts of a module's genes by the correlation of their usage with its eigengene.
-- reads:   files.transcript_polarity_table(run, module_id, feature_id, transcript_id, gene_id, r, pvalue, log10_pvalue,
--          qvalue, n_complete, missingness, switch_strength, loading, mean_high, mean_low, gene_name)
-- params:  none
-- returns: run VARCHAR, module_id VARCHAR, feature_id VARCHAR, transcript_id VARCHAR, gene_id VARCHAR, r DOUBLE, pvalue
--          DOUBLE, log10_pvalue DOUBLE, qvalue DOUBLE, n_complete BIGINT, missingness DOUBLE, switch_strength DOUBLE,
--          loading DOUBLE, mean_high DOUBLE, mean_low DOUBLE, gene_name VARCHAR
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
    log10_pvalue,
    qvalue,
    n_complete,
    missingness,
    switch_strength,
    loading,
    mean_high,
    mean_low,
    gene_name
FROM files.transcript_polarity_table
