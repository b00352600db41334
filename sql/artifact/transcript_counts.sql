-- Counts of transcripts by sample.
-- reads:   files.transcript_counts(run, transcript_id, gene_id, sample_id, count)
-- params:  none
-- returns: run VARCHAR, transcript_id VARCHAR, gene_id VARCHAR, sample_id VARCHAR, count DOUBLE
-- grain:   one row per run, transcript_id, sample_id
-- order:   none
SELECT
    run,
    transcript_id,
    gene_id,
    sample_id,
    count
FROM files.transcript_counts
