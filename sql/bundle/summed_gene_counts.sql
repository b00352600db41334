-- Counts of genes by sample in bundles that hold counts of transcripts only: the sum over the transcripts of the
-- gene. The catalog puts the runs in the place of the one named here.
-- reads:   files.transcript_counts(run, gene_id, sample_id, count)
-- params:  none
-- returns: run VARCHAR, gene_id VARCHAR, sample_id VARCHAR, count DOUBLE
-- grain:   one row per run, gene_id, sample_id
-- order:   none
SELECT
    run,
    gene_id,
    sample_id,
    sum(count) AS count
FROM files.transcript_counts
WHERE run IN ('run')
GROUP BY run, gene_id, sample_id
