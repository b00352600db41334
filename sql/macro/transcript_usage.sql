-- Share of each transcript in the counts of its gene, by sample; null where the gene has no count in the sample.
-- reads:   transcript_counts(run, gene_id, transcript_id, sample_id, count)
-- params:  gene VARCHAR, in_run VARCHAR = NULL
-- returns: run VARCHAR, gene_id VARCHAR, transcript_id VARCHAR, sample_id VARCHAR, count DOUBLE, usage DOUBLE
-- grain:   one row per run, transcript_id, sample_id
-- order:   run, transcript_id, sample_id
SELECT
    run,
    gene_id,
    transcript_id,
    sample_id,
    count,
    count / nullif(sum(count) OVER (PARTITION BY run, gene_id, sample_id), 0) AS usage
FROM transcript_counts
WHERE gene_id = $gene AND ($in_run IS NULL OR run = $in_run)
ORDER BY run, transcript_id, sample_id
