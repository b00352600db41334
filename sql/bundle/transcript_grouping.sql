-- Transcripts gene by gene, as the composition kernel walks them: genes by id, within a gene the order of the table.
-- A transcript without an id or a gene, or listed twice, is an error here and never reaches a kernel.
-- reads:   transcripts(transcript_id, gene_id, transcript_row)
-- params:  none
-- returns: gene_id VARCHAR, transcript_id VARCHAR, transcript_row BIGINT, n_transcripts BIGINT
-- grain:   one row per transcript_id
-- order:   gene_id, transcript_row
WITH listed AS (
    SELECT
        CAST(gene_id AS VARCHAR) AS gene_id,
        CAST(transcript_id AS VARCHAR) AS transcript_id,
        transcript_row,
        count(*) OVER (PARTITION BY gene_id) AS n_transcripts,
        count(*) OVER (PARTITION BY transcript_id) AS n_listed
    FROM transcripts
)

SELECT
    CASE
        WHEN transcript_id IS NULL OR transcript_id = ''
            THEN error('the transcript of row ' || transcript_row || ' has no id')
        WHEN gene_id IS NULL OR gene_id = '' THEN error('transcript ' || transcript_id || ' has no gene')
        WHEN n_listed > 1 THEN error('transcript ' || transcript_id || ' is listed more than once')
        ELSE gene_id
    END AS gene_id,
    transcript_id,
    transcript_row,
    n_transcripts
FROM listed
ORDER BY gene_id, transcript_row
