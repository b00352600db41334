-- Features of a module by their correlation with its eigengene: what drives the module.
-- reads:   files.gene_driver_table(run, module_id, gene_id, r, pvalue, log10_pvalue, qvalue, n_complete, missingness,
--          feature_id, feature_type, r_low, r_high, in_module, gene_name)
-- params:  none
-- returns: run VARCHAR, module_id VARCHAR, gene_id VARCHAR, r DOUBLE, pvalue DOUBLE, log10_pvalue DOUBLE, qvalue
--          DOUBLE, n_complete BIGINT, missingness DOUBLE, feature_id VARCHAR, feature_type VARCHAR, r_low DOUBLE,
--          r_high DOUBLE, in_module BOOLEAN, gene_name VARCHAR
-- grain:   one row per run, module_id, feature_id
-- order:   none
SELECT
    run,
    module_id,
    gene_id,
    r,
    pvalue,
    log10_pvalue,
    qvalue,
    n_complete,
    missingness,
    feature_id,
    feature_type,
    r_low,
    r_high,
    in_module,
    gene_name
FROM files.gene_driver_table
