-- Transcripts of the bundle; transcript_row is the row of transcript_counts.
-- reads:   bundle_transcripts(transcript_id, gene_id, table_row)
-- params:  none
-- returns: transcript_id VARCHAR, gene_id VARCHAR, ..., transcript_row BIGINT
-- grain:   one row per transcript_id
-- order:   transcript_row
SELECT
    * EXCLUDE (table_row),
    table_row AS transcript_row
FROM bundle_transcripts
ORDER BY transcript_row
