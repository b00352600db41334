-- Channels that genes cannot carry, and why.
-- reads:   files.excluded_features(run, gene_id, feature_type, reason, gene_name)
-- params:  none
-- returns: run VARCHAR, gene_id VARCHAR, feature_type VARCHAR, reason VARCHAR, gene_name VARCHAR
-- grain:   one row per run, gene_id, feature_type
-- order:   none
SELECT
    run,
    gene_id,
    feature_type,
    reason,
    gene_name
FROM files.excluded_features
