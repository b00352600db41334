-- Share of each transcript in the counts of its gene, by sample; null where the gene has no count in the sample. The
-- gene is named by id or by symbol, case as written; one that no run knows is an error.
-- reads:   gene_names(run, gene_id, gene_name), transcript_counts(run, gene_id, transcript_id, sample_id, count)
-- params:  gene VARCHAR, in_run VARCHAR = NULL
-- returns: run VARCHAR, gene_id VARCHAR, transcript_id VARCHAR, sample_id VARCHAR, count DOUBLE, usage DOUBLE
-- grain:   one row per run, transcript_id, sample_id
-- order:   run, transcript_id, sample_id
WITH named AS (
    SELECT DISTINCT gene_id
    FROM gene_names
    WHERE gene_id = $gene OR gene_name = $gene
),

found AS (
    SELECT DISTINCT gene_names.gene_id
    FROM gene_names
    SEMI JOIN named ON gene_names.gene_id = named.gene_id
    WHERE $in_run IS NULL OR gene_names.run = $in_run
)

SELECT
    transcript_counts.run,
    transcript_counts.gene_id,
    transcript_counts.transcript_id,
    transcript_counts.sample_id,
    transcript_counts.count,
    transcript_counts.count / nullif(
        sum(transcript_counts.count) OVER (
            PARTITION BY transcript_counts.run, transcript_counts.gene_id, transcript_counts.sample_id
        ),
        0
    ) AS usage
FROM transcript_counts
SEMI JOIN found ON transcript_counts.gene_id = found.gene_id
WHERE $in_run IS NULL OR transcript_counts.run = $in_run
UNION ALL
SELECT
    NULL AS run,
    NULL AS gene_id,
    NULL AS transcript_id,
    NULL AS sample_id,
    NULL AS count,
    NULL AS usage
-- NOTE: a branch of its own, because a join with rows that no file has is never carried out.
WHERE
    CASE
        WHEN EXISTS (SELECT 1 FROM found) THEN FALSE
        ELSE error(concat('no gene is called ''', $gene, ''' (case counts)', ' in run ' || $in_run)) IS NOT NULL
    END
ORDER BY run, transcript_id, sample_id
