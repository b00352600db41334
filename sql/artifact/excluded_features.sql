-- Channels that genes cannot carry, and why.
-- reads:   files.excluded_features(run, gene_id, feature_type, reason)
-- params:  none
-- returns: run VARCHAR, gene_id VARCHAR, feature_type VARCHAR, reason VARCHAR
-- grain:   one row per run, gene_id, feature_type
-- order:   none
SELECT
    run,
    gene_id,
    feature_type,
    reason
FROM files.excluded_features
