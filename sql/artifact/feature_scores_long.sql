-- Scores of features by sample: mean 0, sample standard deviation 1 over the samples of a run. Samples of other
-- runs, which feature_scores holds as null, have no row.
-- reads:   feature_scores(run, feature_id, gene_id, feature_type, n_transcripts)
-- params:  none
-- returns: run VARCHAR, feature_id VARCHAR, gene_id VARCHAR, feature_type VARCHAR, sample_id VARCHAR, score DOUBLE
-- grain:   one row per run, feature_id, sample_id
-- order:   none
SELECT
    run,
    feature_id,
    gene_id,
    feature_type,
    sample_id,
    score
FROM (
    UNPIVOT feature_scores
    ON COLUMNS(* EXCLUDE (run, feature_id, gene_id, feature_type, n_transcripts))
    INTO NAME sample_id VALUE score
)
