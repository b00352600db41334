-- Channels that genes could carry, how they vary, and which are features.
-- reads:   files.feature_quality(run, feature_id, gene_id, feature_type, dispersion, pvalue, qvalue, delta_usage,
--          minor_usage, mean_count, r_with_depth, kept, reason, gene_name)
-- params:  none
-- returns: run VARCHAR, feature_id VARCHAR, gene_id VARCHAR, feature_type VARCHAR, dispersion DOUBLE, pvalue DOUBLE,
--          qvalue DOUBLE, delta_usage DOUBLE, minor_usage DOUBLE, mean_count DOUBLE, r_with_depth DOUBLE, kept BOOLEAN,
--          reason VARCHAR, gene_name VARCHAR
-- grain:   one row per run, feature_id
-- order:   none
SELECT
    run,
    feature_id,
    gene_id,
    feature_type,
    dispersion,
    pvalue,
    qvalue,
    delta_usage,
    minor_usage,
    mean_count,
    r_with_depth,
    kept,
    reason,
    gene_name
FROM files.feature_quality
