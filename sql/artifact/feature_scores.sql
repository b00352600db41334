-- Features of the network, one column per sample of any run; null where the sample is of another run.
-- reads:   files.feature_scores(run, feature_id, gene_id, feature_type, n_transcripts)
-- params:  none
-- returns: run VARCHAR, feature_id VARCHAR, gene_id VARCHAR, feature_type VARCHAR, n_transcripts BIGINT, ...
-- grain:   one row per run, feature_id
-- order:   none
SELECT *
FROM files.feature_scores
