-- Transcripts of genes with a switch feature, with their weight in the switch score.
-- reads:   files.switch_loadings(run, gene_id, transcript_id, loading, gene_name)
-- params:  none
-- returns: run VARCHAR, gene_id VARCHAR, transcript_id VARCHAR, loading DOUBLE, gene_name VARCHAR
-- grain:   one row per run, transcript_id
-- order:   none
SELECT
    run,
    gene_id,
    transcript_id,
    loading,
    gene_name
FROM files.switch_loadings
