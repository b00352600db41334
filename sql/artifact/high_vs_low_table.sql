-- Features of a module compared between samples of high and of low eigengene.
-- reads:   files.high_vs_low_table(run, module_id, feature_id, gene_id, mean_high, mean_low, delta, se, statistic, df,
--          pvalue, log10_pvalue, qvalue, n_high, n_low, missingness, feature_type, reason, gene_name)
-- params:  none
-- returns: run VARCHAR, module_id VARCHAR, feature_id VARCHAR, gene_id VARCHAR, mean_high DOUBLE, mean_low DOUBLE,
--          delta DOUBLE, se DOUBLE, statistic DOUBLE, df DOUBLE, pvalue DOUBLE, log10_pvalue DOUBLE, qvalue DOUBLE,
--          n_high BIGINT, n_low BIGINT, missingness DOUBLE, feature_type VARCHAR, reason VARCHAR, gene_name VARCHAR
-- grain:   one row per run, module_id, feature_id
-- order:   none
SELECT
    run,
    module_id,
    feature_id,
    gene_id,
    mean_high,
    mean_low,
    delta,
    se,
    statistic,
    df,
    pvalue,
    log10_pvalue,
    qvalue,
    n_high,
    n_low,
    missingness,
    feature_type,
    reason,
    gene_name
FROM files.high_vs_low_table
