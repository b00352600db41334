-- Transcripts gene by gene, as the composition kernel walks them: genes by id, within a gene the order of the table.
-- reads:   transcripts(transcript_id, gene_id, transcript_row)
-- params:  none
-- returns: gene_id VARCHAR, transcript_id VARCHAR, transcript_row BIGINT
-- grain:   one row per transcript_id
-- order:   gene_id, transcript_row
SELECT
    gene_id,
    transcript_id,
    transcript_row
FROM transcripts
ORDER BY gene_id, transcript_row
