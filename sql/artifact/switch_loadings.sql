-- Transcripts of genes with a switch feature, with their weight in the switch score.
-- reads:   files.switch_loadings(run, gene_id, transcript_id, loading)
-- params:  none
-- returns: run VARCHAR, gene_id VARCHAR, transcript_id VARCHAR, loading DOUBLE
-- grain:   one row per run, transcript_id
-- order:   none
SELECT
    run,
    gene_id,
    transcript_id,
    loading
FROM files.switch_loadings
