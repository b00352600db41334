-- Pairs of genes joined in the network the modules were found in; source is the smaller id.
-- reads:   files.edges(run, source, target, weight, source_feature_id, target_feature_id, source_feature_type,
--          target_feature_type, similarity)
-- params:  none
-- returns: run VARCHAR, source VARCHAR, target VARCHAR, weight DOUBLE, source_feature_id VARCHAR, target_feature_id
--          VARCHAR, source_feature_type VARCHAR, target_feature_type VARCHAR, similarity DOUBLE
-- grain:   one row per run, source, target
-- order:   none
SELECT
    run,
    source,
    target,
    weight,
    source_feature_id,
    target_feature_id,
    source_feature_type,
    target_feature_type,
    similarity
FROM files.edges
